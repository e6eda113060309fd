/**
 * The one walk over a value that is to cross: it checks everything, and finds out how it can go.
 *
 * Plain data is written on the way (`plain-writer.ts`). That ends at the first thing that is not
 * plain: a class of its own, an array with holes or names, an object that is met twice. Such a value
 * is left to structured clone, and what that would lose or change in it is gathered.
 *
 * Structured clone is faithful, with four exceptions: a null prototype becomes
 * `Object.prototype`; a RegExp's `lastIndex` becomes 0; an error keeps only message, stack and cause,
 * and gets its class from its name; a view drags the whole of its memory along (which `clone.ts`
 * takes care of). The losses travel beside the value, in the same message. V8 keeps identity within
 * a message, so a loss simply refers to the object that it is about: no path has to be kept, and an
 * object that is referred to twice is repaired once.
 */
import { errorClassName } from './builtins.ts';
import { type Kind, kindOf, maxDepth } from './kind.ts';
import { type MemoryFor, PlainWriter } from './plain-writer.ts';
import { Refusal, reasonAgainst, tooDeep, withinItself } from './refusal.ts';

/** Name, value, and whether it is enumerable. */
export type OwnProperty = readonly [name: string, value: unknown, enumerable: boolean];

/** What is to be put back after decoding; every list is of objects within the value. */
export interface Losses {
  readonly bare: object[];
  readonly patterns: (readonly [pattern: RegExp, lastIndex: number])[];
  readonly errors: (readonly [error: Error, className: string, own: readonly OwnProperty[]])[];
}

export type Examined =
  | { readonly form: 'plain'; readonly bytes: Uint8Array }
  | { readonly form: 'clone'; readonly losses: Losses | undefined };

interface Walk {
  /** What is shared is checked once, and its losses are listed once. */
  readonly met: Set<object>;
  /** Errors whose parts are being checked. */
  readonly errors: Set<object>;
  /** Undefined once something was met that is not plain. */
  plain: PlainWriter | undefined;
  losses: Losses | undefined;
}

/**
 * Checks that a value can cross, and returns its bytes when it is plain, else what has to be repaired
 * after structured clone, if anything.
 *
 * What is written of plain data is what was checked, even when a getter answers something else later.
 *
 * @throws {Refusal} when it cannot cross
 */
export function examine(value: object, memoryFor?: MemoryFor): Examined {
  const walk: Walk = {
    met: new Set(),
    errors: new Set(),
    plain: new PlainWriter(),
    losses: undefined,
  };
  checkObject(walk, value, 0);
  const bytes = walk.plain?.finish(memoryFor);
  return bytes === undefined ? { form: 'clone', losses: walk.losses } : { form: 'plain', bytes };
}

function check(walk: Walk, value: unknown, depth: number): void {
  if (typeof value === 'object' && value !== null) checkObject(walk, value, depth);
  else if (typeof value === 'function' || typeof value === 'symbol') {
    throw new Refusal(reasonAgainst(value));
  } else walk.plain?.primitive(value);
}

function checkObject(walk: Walk, object: object, depth: number): void {
  // Met twice, or within itself: structured clone keeps identity.
  if (walk.met.has(object)) return metAgain(walk, object);
  if (depth > maxDepth) throw new Refusal(tooDeep);
  const kind = kindOf(object);
  if (kind === undefined) throw new Refusal(reasonAgainst(object));
  walk.met.add(object);
  checkParts(walk, object, kind, depth + 1);
}

/** An error within itself is written by V8 of Node 20, and cannot be read. */
function metAgain(walk: Walk, object: object): void {
  if (walk.errors.has(object)) throw new Refusal(withinItself);
  notPlain(walk);
}

function checkParts(walk: Walk, object: object, kind: Kind, depth: number): void {
  switch (kind) {
    case 'plain':
      return checkProperties(walk, object, depth);
    case 'array':
      return checkArray(walk, object as readonly unknown[], depth);
    case 'date':
      return walk.plain?.date(object as Date);
    case 'view':
      return walk.plain?.view(object as ArrayBufferView);
    default:
      notPlain(walk);
      return checkOthers(walk, object, kind, depth);
  }
}

function notPlain(walk: Walk): void {
  walk.plain?.abandon();
  walk.plain = undefined;
}

function checkProperties(walk: Walk, object: object, depth: number): void {
  const names = Object.keys(object);
  walk.plain?.object(names);
  const record = object as Readonly<Record<string, unknown>>;
  for (const name of names) check(walk, record[name], depth);
}

function checkArray(walk: Walk, array: readonly unknown[], depth: number): void {
  const names = Object.keys(array);
  // Indices come first: when the last of so many names is the last index, there are no others.
  if (names.length !== array.length || (names.at(-1) ?? '-1') !== String(array.length - 1)) {
    notPlain(walk);
    return checkProperties(walk, array, depth);
  }
  if (walk.plain?.numbers(array)) return;
  walk.plain?.array(array.length);
  for (let i = 0; i < names.length; i++) check(walk, array[i], depth);
}

function checkOthers(walk: Walk, object: object, kind: Kind, depth: number): void {
  if (kind === 'bare') {
    lossesOf(walk).bare.push(object);
    checkProperties(walk, object, depth);
  } else if (kind === 'map') {
    for (const [key, value] of object as ReadonlyMap<unknown, unknown>) {
      check(walk, key, depth);
      check(walk, value, depth);
    }
  } else if (kind === 'set') {
    for (const member of object as ReadonlySet<unknown>) check(walk, member, depth);
  } else if (kind === 'regexp') {
    const pattern = object as RegExp;
    if (pattern.lastIndex !== 0) lossesOf(walk).patterns.push([pattern, pattern.lastIndex]);
  } else if (kind === 'error') checkError(walk, object as Error, depth);
}

/** All of an error is listed, because which parts of it survive depends on the version of V8. */
function checkError(walk: Walk, error: Error, depth: number): void {
  walk.errors.add(error);
  const own: OwnProperty[] = [];
  for (const name of Object.getOwnPropertyNames(error)) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    if (!enumerable && !hiddenFields.has(name)) continue;
    const value = (error as unknown as Record<string, unknown>)[name];
    check(walk, value, depth);
    own.push([name, value, enumerable]);
  }
  walk.errors.delete(error);
  const className = errorClassName(Object.getPrototypeOf(error)) ?? 'Error';
  lossesOf(walk).errors.push([error, className, own]);
}

function lossesOf(walk: Walk): Losses {
  walk.losses ??= { bare: [], patterns: [], errors: [] };
  return walk.losses;
}

const hiddenFields = new Set(['stack', 'message', 'name', 'cause', 'errors']);
