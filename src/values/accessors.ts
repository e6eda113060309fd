/** Whether reading a value would run code of its own. */

import { types } from 'node:util';

// Several times as fast as a property descriptor, of which an object would have to be made.
const getterOf = (Object.prototype as unknown as { __lookupGetter__(name: string): unknown })
  .__lookupGetter__;

/**
 * Of the value and all that is read of it when it is sent. Reads no property that has a getter.
 * A Proxy counts, and so does the environment, which other threads may change.
 */
export function hasAccessors(value: unknown): boolean {
  const met = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || met.has(next)) continue;
    met.add(next);
    if (ArrayBuffer.isView(next)) continue;
    if (types.isProxy(next) || next === process.env || hasGetter(next, open)) return true;
  }
  return false;
}

/** Of its own; where it has none, `open` has its parts from then on. */
function hasGetter(object: object, open: unknown[]): boolean {
  if (types.isNativeError(object)) return hasHiddenGetter(object, open);
  const record = object as Record<string, unknown>;
  for (const name of Object.keys(object)) {
    if (getterOf.call(object, name) !== undefined) return true;
    const part = record[name];
    if (typeof part === 'object') open.push(part);
  }
  if (types.isMap(object)) for (const [key, each] of object) open.push(key, each);
  if (types.isSet(object)) for (const each of object) open.push(each);
  return false;
}

/** Some fields of an error are sent that are not enumerable. */
function hasHiddenGetter(error: Error, open: unknown[]): boolean {
  for (const { get, value } of Object.values(Object.getOwnPropertyDescriptors(error))) {
    if (get) return true;
    open.push(value);
  }
  return false;
}
