/**
 * What an object is, as far as crossing to another thread goes, or `undefined` when it cannot cross.
 *
 * The prototype decides, because it is what structured clone loses silently and what
 * `util.isDeepStrictEqual` compares; a builtin of another realm counts as this one's (`realms.ts`). The internal slots must agree with it, so that
 * `Object.create(Map.prototype)` is not taken for a Map. Nothing here runs code of the object's own,
 * except for its getters: a Proxy is recognised before any of its traps can answer.
 *
 * This runs for every object of every argument and result; the words for a refusal are elsewhere
 * (`refusal.ts`), because they are needed once.
 */
import { isDeepStrictEqual, types } from 'node:util';
import { RealDate } from '../runtime/globals.ts';
import { builtinErrorPrototypes, builtinViewPrototypes, viewClassName } from './builtins.ts';
import { builtinName } from './realms.ts';

export type Kind =
  | 'plain'
  /** A plain object whose prototype is null. */
  | 'bare'
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  /** `Object(1)`, `Object('a')` and the like. */
  | 'boxed'
  | 'error'
  | 'arraybuffer'
  /** A typed array, a DataView or a Buffer. */
  | 'view';

/** Levels of nesting below the root that are walked; the next one is refused. */
export const maxDepth = 1000;

/** The kind of an object that can cross faithfully, or `undefined`. Functions must be sorted out before. */
export function kindOf(value: object): Kind | undefined {
  if (types.isProxy(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  const kind = kinds.get(prototype) ?? kindElsewhere(value, prototype);
  return kind !== undefined && genuine[kind](value) ? kind : undefined;
}

/** What `new Date()` makes while fake timers are installed. */
function isFakeDate(prototype: object | null): boolean {
  return prototype === globalThis.Date.prototype;
}

/**
 * Of what is no class of this realm by its prototype: a builtin of another realm; or the environment,
 * which is data although it has a class of its own.
 */
function kindElsewhere(value: object, prototype: object | null): Kind | undefined {
  if (isFakeDate(prototype)) return 'date';
  const name = builtinName(prototype);
  if (name !== undefined) return kindsByName.get(name);
  return value === process.env ? 'plain' : undefined;
}

const kinds = new Map<object | null, Kind>([
  [Object.prototype, 'plain'],
  [null, 'bare'],
  [Array.prototype, 'array'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [RealDate.prototype, 'date'],
  [RegExp.prototype, 'regexp'],
  ...[Number, String, Boolean, BigInt].map((each) => [each.prototype, 'boxed'] as const),
  ...builtinErrorPrototypes.map((each) => [each, 'error'] as const),
  [ArrayBuffer.prototype, 'arraybuffer'],
  ...builtinViewPrototypes.map((each) => [each, 'view'] as const),
]);

/** By the name of the class, which is unique among builtin ones. */
const kindsByName = new Map<string, Kind>(
  [...kinds].flatMap(([prototype, kind]) => {
    const name = builtinName(prototype);
    return name === undefined ? [] : [[name, kind] as const];
  }),
);

const genuine: Record<Kind, (value: object) => boolean> = {
  plain: isOrdinary,
  bare: isOrdinary,
  array: (value) => Array.isArray(value) && !hasSymbols(value),
  map: (value) => types.isMap(value) && isUnadorned(value),
  set: (value) => types.isSet(value) && isUnadorned(value),
  date: (value) => types.isDate(value) && isUnadorned(value),
  regexp: (value) => types.isRegExp(value) && hasCleanIndex(value) && isUnadorned(value),
  boxed: (value) => types.isBoxedPrimitive(value) && isUnadornedBox(value),
  error: (value) => types.isNativeError(value) && hasTexts(value) && !hasSymbols(value),
  arraybuffer: (value) => types.isArrayBuffer(value) && isFixed(value) && isUnadorned(value),
  view: (value) => ArrayBuffer.isView(value) && isFaithfulView(value),
};

/** `arguments`, and anything with a `Symbol.toStringTag`, says another name than Object here. */
function isOrdinary(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]' && !hasSymbols(value);
}

function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).length > 0;
}

/** No properties that structured clone would drop. Those that are not enumerable do not count. */
function isUnadorned(value: object): boolean {
  return Object.keys(value).length === 0 && !hasSymbols(value);
}

function isUnadornedBox(value: object): boolean {
  const characters = types.isStringObject(value) ? String.prototype.valueOf.call(value).length : 0;
  return Object.keys(value).length === characters && !hasSymbols(value);
}

/** `lastIndex` takes any value; anything but a place in a string is left to its owner. */
function hasCleanIndex({ lastIndex }: RegExp): boolean {
  return Number.isSafeInteger(lastIndex) && lastIndex >= 0;
}

function hasTexts({ message, name }: Error): boolean {
  return typeof message === 'string' && typeof name === 'string';
}

/** True for memory that is not shared, not detached, and cannot change its length. */
export function isFixed(memory: ArrayBufferLike): boolean {
  if (types.isSharedArrayBuffer(memory)) return false;
  // Node 20 has `resizable`, but the types of ES2023 do not.
  if ((memory as { readonly resizable?: boolean }).resizable) return false;
  return memory.byteLength > 0 || !isDetached(memory);
}

/** For an empty buffer; there is no property that tells in Node 20. */
function isDetached(memory: ArrayBufferLike): boolean {
  try {
    new Uint8Array(memory);
    return false;
  } catch {
    return true;
  }
}

// Longer views are not asked for their keys: that would make a string of every index.
const fewIndices = 64;
const typeTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get;

function isFaithfulView(value: ArrayBufferView): boolean {
  return isFixed(value.buffer) && isUnadornedView(value);
}

/** A view of the class that it seems to be of, with no properties, whatever memory it is of. */
export function isUnadornedView(value: ArrayBufferView): boolean {
  const claimed = viewClassName(Object.getPrototypeOf(value));
  const tag = typeTag?.call(value) ?? 'DataView';
  if (tag !== (claimed === 'Buffer' ? 'Uint8Array' : claimed)) return false;
  return !hasSymbols(value) && !hasNamedProperties(value) && !extents.some(isOwnOf, value);
}

/** What tells which bytes a view is of; one of its own would tell other ones. */
const extents = ['buffer', 'byteOffset', 'byteLength', 'length'];

function isOwnOf(this: object, name: string): boolean {
  return Object.hasOwn(this, name);
}

function hasNamedProperties(value: ArrayBufferView): boolean {
  if (types.isDataView(value)) return Object.keys(value).length > 0;
  const { length } = value as Uint8Array;
  if (length <= fewIndices) return Object.keys(value).length > length;
  // A second view of the same bytes differs from the first in nothing but named properties.
  return !isDeepStrictEqual(value, (value as Uint8Array).subarray());
}
