/**
 * A result as one line of JSON. What JSON would lose without a word is refused: a Map would be `{}`, a
 * Buffer a list of numbers, NaN `null`. What JSON means by its own rules is left to them, as JSON's
 * readers expect: a Date is its ISO text, an `undefined` property is left out, an `undefined` item or a hole
 * is `null`, and so is a result of `undefined`; `-0` is `0`.
 */

import { RealDate } from '../runtime/globals.ts';
import { messageOf } from './error-words.ts';

/** A result, or a part of one, that JSON cannot carry. */
export class NotJson extends TypeError {
  override readonly name = 'NotJson';
}

/** @throws {NotJson} */
export function toJson(result: unknown): string {
  if (result === undefined) return 'null';
  if (typeof result === 'object' && result !== null) {
    const text = written(result);
    refuseParts(result, 'the result');
    return text;
  }
  refuse(result, 'the result');
  return JSON.stringify(result);
}

/** First, because it finds circles. */
function written(result: object): string {
  try {
    return JSON.stringify(result);
  } catch (cause) {
    refuseParts(result, 'the result', 1);
    throw new NotJson(`JSON cannot carry the result: ${messageOf(cause)}`);
  }
}

function refuseParts(value: object, path: string, depth = Number.POSITIVE_INFINITY): void {
  refuse(value, path);
  if (value instanceof RealDate || depth < 0) return;
  const isArray = Array.isArray(value);
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === 'string' || typeof part === 'boolean' || part === null) continue;
    const place = isArray ? `${path}[${key}]` : `${path}.${key}`;
    if (typeof part === 'object') refuseParts(part, place, depth - 1);
    else refuse(part, place);
  }
}

function refuse(value: unknown, path: string): void {
  const what = whatJsonLoses(value);
  if (what) throw new NotJson(`JSON cannot carry ${path}, which is ${what}`);
}

function whatJsonLoses(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === 'bigint') return 'a bigint';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (Buffer.isBuffer(value)) return "a Buffer: return buffer.toString('base64')";
  if (value instanceof RealDate) {
    return Number.isNaN(value.getTime()) ? 'an invalid Date' : undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return undefined;
  return `a ${prototype.constructor?.name ?? 'foreign object'}`;
}
