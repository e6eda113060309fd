/**
 * Where the classes of a user's errors are found. The thread that throws has the class, and looks for
 * its address: the module that exports it and its name there, or a function and the place in its
 * `errors` option. The thread that receives the error looks up that address. Both have evaluated the
 * module, and nothing is run to find a class: an error is given its prototype, and its constructor is
 * not called.
 *
 * A thread may have two copies of this package (under tsx it has), which share what they know.
 */

import { errorClassName } from './builtins.ts';

interface Known {
  readonly addresses: WeakMap<object, string>;
  readonly prototypes: Map<string, object>;
}

const KNOWN = Symbol.for('threadmemo:error-classes:1');
const realm = globalThis as { [KNOWN]?: Known };

function known(): Known {
  realm[KNOWN] ??= { addresses: new WeakMap(), prototypes: new Map() };
  return realm[KNOWN];
}

/** What the `errors` option of a function names. */
export function enterNamed(functionId: string, classes: readonly unknown[]): void {
  for (const [at, each] of classes.entries()) enter(`${functionId} errors[${at}]`, each);
}

/** What a module that defines memoized functions exports. @param module its URL */
export function enterExports(module: string, exports: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(exports)) {
    const value = exported(exports, name);
    if (isErrorClass(value)) enter(addressOf(module, name), value);
  }
}

/** The URL of the module that exports the class at this address; empty for a class of an option. */
export function moduleAt(address: string): string {
  return address.includes(EXPORTS) ? address.slice(0, address.indexOf(EXPORTS)) : '';
}

export function isErrorClass(value: unknown): value is { readonly prototype: Error } {
  return typeof value === 'function' && value.prototype instanceof Error;
}

/** Of the nearest class of this error that is known here; undefined for builtin classes. */
export function addressOfClass(error: Error): string | undefined {
  const { addresses } = known();
  let prototype: object | null = Object.getPrototypeOf(error);
  while (prototype !== null && errorClassName(prototype) === undefined) {
    const address = addresses.get(prototype);
    if (address !== undefined) return address;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

export function prototypeAt(address: string): object | undefined {
  return known().prototypes.get(address);
}

const EXPORTS = ' exports ';
const addressOf = (module: string, name: string) => `${module}${EXPORTS}${name}`;

function enter(address: string, value: unknown): void {
  const { prototype } = value as { readonly prototype: object };
  const { addresses, prototypes } = known();
  // A later evaluation of the module has later classes.
  prototypes.set(address, prototype);
  if (!addresses.has(prototype)) addresses.set(prototype, address);
}

/** An export that is not initialized yet throws, as in a circle of imports. */
function exported(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return exports[name];
  } catch {
    return undefined;
  }
}
