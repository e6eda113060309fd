/**
 * Deep freezing, for values that one object a thread is to serve.
 *
 * `Object.freeze` does not reach what a Map, Set or Date keeps in its internal slots: their mutating
 * methods are hidden behind own ones that throw. These are not enumerable, so that the frozen value
 * is still deep-strict-equal to the one it was. Nothing can protect the elements of a typed array, a
 * DataView or a Buffer, or the bytes of an ArrayBuffer: they stay as they are, and code that writes to
 * them changes them for the whole thread.
 */
import { types } from 'node:util';
import { RealDate } from '../runtime/globals.ts';

/**
 * Freezes a value in place, with all that is in it, and returns it. Meant for fresh plain data, such
 * as `decode()` makes. A RegExp that is frozen and global or sticky can no longer be executed,
 * because it keeps its place in itself.
 */
export function deepFreeze<Value>(value: Value): Value {
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    // Freezing an array of bytes throws, and would not freeze the bytes.
    if (ArrayBuffer.isView(next)) continue;
    for (const part of isPlain(next) ? Object.values(next) : partsOf(next)) {
      if (typeof part === 'object') waiting.push(part);
    }
    Object.freeze(next);
  }
  return value;
}

/** True for most objects, which have nothing but their properties. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === Array.prototype;
}

function partsOf(object: object): readonly unknown[] {
  hideMutators(object);
  // An error's cause is not enumerable, and is frozen all the same.
  const record = object as Readonly<Record<string, unknown>>;
  const own = Object.getOwnPropertyNames(object).map((name) => record[name]);
  if (types.isMap(object)) return [...own, ...object.keys(), ...object.values()];
  return types.isSet(object) ? [...own, ...object] : own;
}

const mutators: Readonly<Record<'Map' | 'Set' | 'Date', readonly string[]>> = {
  Map: mutatorsOf(Map.prototype, /^(set|delete|clear|getOrInsert.*)$/),
  Set: mutatorsOf(Set.prototype, /^(add|delete|clear)$/),
  Date: mutatorsOf(RealDate.prototype, /^set/),
};

function mutatorsOf(prototype: object, pattern: RegExp): readonly string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => pattern.test(name));
}

function hideMutators(object: object): void {
  if (types.isMap(object)) hide(object, 'Map');
  else if (types.isSet(object)) hide(object, 'Set');
  else if (types.isDate(object)) hide(object, 'Date');
}

function hide(object: object, className: keyof typeof mutators): void {
  // Nothing can be added to it any more.
  if (!Object.isExtensible(object)) return;
  const value = () => {
    throw new TypeError(`This ${className} is frozen: it is shared by all callers in this thread`);
  };
  for (const name of mutators[className]) Object.defineProperty(object, name, { value });
}
