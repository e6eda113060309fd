/**
 * What in a call's arguments may make its key another one every time, so that nothing is ever found: the
 * time of day, a random id; or the index and the list that `items.map(f)` adds. Only where it stands and
 * what it is, never the value.
 */

import { types } from 'node:util';
import type { Suspect } from '../protocol.ts';
import { dateNow, RealDate } from '../runtime/globals.ts';

const MOST_PARTS = 200;
const MOST_LEVELS = 5;
const MOST_SUSPECTS = 4;
/** Milliseconds around now. */
const NOW = 60_000;
const RANDOM_ID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/i;
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** @param from the arguments, or the key of what the `key` option has chosen of them */
export function suspectsIn(from: readonly unknown[] | string): readonly Suspect[] {
  if (typeof from === 'string') return suspectsInKey(from);
  if (isListCallback(from)) return [{ is: 'list callback', path: 'args[2]' }];
  const suspects: Suspect[] = [];
  let left = MOST_PARTS;
  const look = (value: unknown, path: string, level: number): void => {
    if (left-- <= 0 || suspects.length >= MOST_SUSPECTS) return;
    const is = suspicionOf(value);
    if (is) suspects.push({ is, path });
    else if (level < MOST_LEVELS)
      for (const [name, part] of partsOf(value)) look(part, `${path}${name}`, level + 1);
  };
  for (const [at, arg] of from.entries()) look(arg, `args[${at}]`, 0);
  return suspects;
}

/** Whether a function was called with an item, its index and the whole list. */
export function isListCallback([item, index, list]: readonly unknown[]): boolean {
  if (!Array.isArray(list) || !Number.isInteger(index)) return false;
  return Object.is(list[index as number], item);
}

function suspicionOf(value: unknown): 'timestamp' | 'random id' | undefined {
  if (typeof value === 'string') {
    if (RANDOM_ID.test(value)) return 'random id';
    return ISO_DATE.test(value) && isNow(RealDate.parse(value)) ? 'timestamp' : undefined;
  }
  if (typeof value === 'number')
    return isNow(value) || isNow(value * 1000) ? 'timestamp' : undefined;
  if (!types.isDate(value)) return undefined;
  return isNow(RealDate.prototype.getTime.call(value)) ? 'timestamp' : undefined;
}

function isNow(ms: number): boolean {
  return Math.abs(ms - dateNow()) < NOW;
}

/** Of a plain list or record, as a path goes on; reads no getter. */
function* partsOf(value: unknown): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return;
  if (ArrayBuffer.isView(value)) return;
  const isList = Array.isArray(value);
  let left = MOST_PARTS;
  for (const name in value) {
    if (left-- <= 0) return;
    const part = Object.getOwnPropertyDescriptor(value, name)?.value;
    yield [isList ? `[${name}]` : nameOf(name), part];
  }
}

function nameOf(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

/** A canonical key writes numbers as `#1.5;`, dates as `d0;`, and texts as they are. */
function suspectsInKey(key: string): readonly Suspect[] {
  const path = 'key(...)';
  for (const [, digits] of key.matchAll(/[#d](\d{10,13})(?:\.\d+)?;/g)) {
    const ms = Number(digits);
    if (isNow(ms) || isNow(ms * 1000)) return [{ is: 'timestamp', path }];
  }
  const id = /[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[\da-f]{4}-[\da-f]{12}/i.test(key);
  return id ? [{ is: 'random id', path }] : [];
}
