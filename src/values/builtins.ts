/**
 * The builtin classes that values may have besides plain data: errors and byte views.
 *
 * A class is known by its exact prototype, and is written by name, both in keys and in bytes: names
 * stay right when a later Node adds a class (as it did with `Float16Array`), positions would not.
 */

import { builtinName } from './realms.ts';

const errorClasses = new Map<string, new (message?: string) => Error>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

/** Makes a native error of a builtin class, by the class's name; an unknown name makes an `Error`. */
export function makeError(className: string, message?: string): Error {
  if (className === 'AggregateError') return new AggregateError([], message);
  return new (errorClasses.get(className) ?? Error)(message);
}

const errorNames = new Map<object | null, string>([
  [AggregateError.prototype, 'AggregateError'],
  ...[...errorClasses].map(([name, each]) => [each.prototype, name] as const),
]);

const errorClassNames = new Set(errorNames.values());

/** The name of the builtin error class with this prototype, of whichever realm. */
export function errorClassName(prototype: object | null): string | undefined {
  return errorNames.get(prototype) ?? among(errorClassNames, builtinName(prototype));
}

function among(names: ReadonlySet<string>, name: string | undefined): string | undefined {
  return name !== undefined && names.has(name) ? name : undefined;
}

/** Makes a view of a whole `ArrayBuffer`. */
type ViewMaker = (memory: ArrayBuffer) => ArrayBufferView;
interface ViewClass {
  readonly BYTES_PER_ELEMENT?: number;
  new (memory: ArrayBuffer): ArrayBufferView;
}

const viewClasses: ViewClass[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
  DataView,
];
// Node 24 and later.
const { Float16Array } = globalThis as { readonly Float16Array?: ViewClass };
if (Float16Array !== undefined) viewClasses.push(Float16Array);

const viewMakers = new Map<string, ViewMaker>([
  ['Buffer', (memory) => Buffer.from(memory)],
  ...viewClasses.map((each) => [each.name, (memory: ArrayBuffer) => new each(memory)] as const),
]);

const viewNames = new Map<object | null, string>([
  [Buffer.prototype, 'Buffer'],
  ...viewClasses.map((each) => [each.prototype, each.name] as const),
]);

const viewClassNames = new Set(viewNames.values());

/** The name of the view class with this prototype, of whichever realm. */
export function viewClassName(prototype: object | null): string | undefined {
  return viewNames.get(prototype) ?? among(viewClassNames, builtinName(prototype));
}

/**
 * Makes a view of a whole `ArrayBuffer`, shared with it, by the name of the view's class.
 *
 * @throws {TypeError} when this Node has no such class.
 */
export function makeView(className: string, memory: ArrayBuffer): ArrayBufferView {
  const make = viewMakers.get(className);
  if (make === undefined) throw new TypeError(`This version of Node has no ${className}`);
  return make(memory);
}

const viewUnits = new Map<string, number>([
  ['Buffer', 1],
  ...viewClasses.map((each) => [each.name, each.BYTES_PER_ELEMENT ?? 1] as const),
]);

/** What the bytes of a view of this class come in; `undefined` when this Node has no such class. */
export function viewUnit(className: string): number | undefined {
  return viewUnits.get(className);
}

export const builtinErrorPrototypes = [...errorNames.keys()];
export const builtinViewPrototypes = [...viewNames.keys()];
