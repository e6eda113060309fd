/**
 * Why a value cannot cross to another thread, in words that say what would be right.
 *
 * A walk over a value throws a {@link Refusal}, which knows the reason but not the place: paths are
 * not kept while walking, because nearly every walk ends well. `locate.ts` finds the place then.
 */
import { types } from 'node:util';
import { RealDate } from '../runtime/globals.ts';
import { shortened } from '../text/shown.ts';
import { errorClassName, viewClassName } from './builtins.ts';
import { isFixed } from './kind.ts';
import { builtinName } from './realms.ts';

/** Fits into `<path> is <is>. Pass <instead> instead`. */
export interface Reason {
  readonly is: string;
  readonly instead: string;
}

/** Thrown by a walk, and turned into an error with a path before other code sees it. */
export class Refusal extends Error {
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(reason.is);
    this.reason = reason;
  }
}

export const tooDeep: Reason = {
  is: 'nested more than 1,000 levels deep, which is too deep to cross to another thread',
  instead: 'flatter data',
};

export const withinItself: Reason = {
  is: 'an error that is a part of itself, a cycle',
  instead: 'an error without a cycle',
};

/** The reason against a value that `kindOf` or a walk does not accept. */
export function reasonAgainst(value: unknown): Reason {
  if (typeof value === 'function') return cannotCross('a function');
  if (typeof value === 'symbol') return cannotCross('a symbol', 'a string');
  const object = value as object;
  if (types.isProxy(object)) return cannotCross('a Proxy', 'the plain data behind it');
  return againstLiving(object) ?? againstMemory(object) ?? againstProperties(object);
}

function cannotCross(what: string, instead = 'plain data'): Reason {
  return { is: `${what}, which cannot cross to another thread`, instead };
}

/** Things that are more than their data: what they do or refer to stays behind. */
function againstLiving(object: object): Reason | undefined {
  if (types.isPromise(object)) return cannotCross('a Promise', 'the value it resolves to');
  if (types.isGeneratorObject(object)) return cannotCross('a generator', 'an array of its values');
  if (types.isArgumentsObject(object)) return cannotCross('an arguments object', 'an array');
  if (types.isModuleNamespaceObject(object)) return cannotCross('a module namespace');
  if (types.isExternal(object)) return cannotCross('a native handle');
  if (types.isSymbolObject(object)) return cannotCross('a boxed symbol', 'a string');
  return undefined;
}

function againstMemory(object: object): Reason | undefined {
  const isView = ArrayBuffer.isView(object);
  if (!isView && !types.isAnyArrayBuffer(object)) return undefined;
  const memory = isView ? object.buffer : object;
  if (isFixed(memory)) return undefined;
  const what = (kind: string) => (isView ? `a view of ${kind}` : `${kind}`);
  if (types.isSharedArrayBuffer(memory)) {
    return {
      is: `${what('a SharedArrayBuffer')}, which other threads can change at any time`,
      instead: 'a copy of its bytes',
    };
  }
  return memory.byteLength === 0 && !('resizable' in memory && memory.resizable)
    ? { is: `${what('a detached ArrayBuffer')}, whose bytes are gone`, instead: 'live bytes' }
    : { is: `${what('a resizable ArrayBuffer')}`, instead: 'a copy of fixed length' };
}

/** What remains is an instance of some class, or data with something on it that would be lost. */
function againstProperties(object: object): Reason {
  const [symbol] = Object.getOwnPropertySymbols(object);
  const className = classNameOf(object);
  if (!isKnownClass(object)) return cannotCross(`an instance of ${className}`);
  if (symbol !== undefined) {
    return lost(
      `an object with the symbol property ${shortened(String(symbol))}`,
      'data without symbols',
    );
  }
  if (types.isRegExp(object) && !Number.isSafeInteger(object.lastIndex)) {
    return lost('a RegExp whose lastIndex is not a whole number', 'a fresh RegExp');
  }
  if (types.isNativeError(object)) {
    return cannotCross(`an ${className} whose name or message is not a string`, 'plain data');
  }
  const named = types.isTypedArray(object) ? undefined : Object.keys(object).at(-1);
  const property =
    named === undefined ? 'a property' : `the property ${JSON.stringify(shortened(named))}`;
  return lost(`a ${className} with ${property} of its own`, `a plain object that holds both`);
}

function lost(what: string, instead: string): Reason {
  return { is: `${what}, which would be lost on the way to another thread`, instead };
}

const knownClasses = new Set<object>(
  [Map, Set, RealDate, RegExp, ArrayBuffer, Number, String, Boolean, BigInt, Array, Object].map(
    (each) => each.prototype,
  ),
);

/** Of other realms. */
const knownNames = new Set([...knownClasses].map((each) => builtinName(each)));

function isKnownClass(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  return (
    prototype === null ||
    knownClasses.has(prototype) ||
    knownNames.has(builtinName(prototype) ?? '') ||
    errorClassName(prototype) !== undefined ||
    viewClassName(prototype) !== undefined
  );
}

/** The name of an object's class, without running anything of the object's own. */
export function classNameOf(object: object): string {
  let prototype: object | null = Object.getPrototypeOf(object);
  while (prototype !== null && !types.isProxy(prototype)) {
    const made = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof made === 'function' && made.name !== '') return shortened(String(made.name));
    prototype = Object.getPrototypeOf(prototype);
  }
  return 'an unnamed class';
}
