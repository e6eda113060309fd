/**
 * Puts back what structured clone has lost; `examine.ts` says what that is.
 *
 * The losses were decoded from the same message as the value, so that the objects in them are the
 * very objects of the value. They may have been written by another program: what does not fit is
 * left as it is, and nothing is thrown.
 */
import { types } from 'node:util';
import { makeError } from './builtins.ts';

/** Repairs the value that was decoded together with these losses, in place. */
export function repair(losses: unknown): void {
  const { bare, patterns, errors } = Object(losses) as Record<string, unknown>;
  for (const object of listOf(bare)) {
    if (isPlain(object)) Object.setPrototypeOf(object, null);
  }
  for (const [pattern, lastIndex] of listOf(patterns).map(listOf)) {
    if (types.isRegExp(pattern) && typeof lastIndex === 'number') pattern.lastIndex = lastIndex;
  }
  for (const [error, className, own] of listOf(errors).map(listOf)) {
    if (types.isNativeError(error)) repairError(error, className, listOf(own));
  }
}

function repairError(error: Error, className: unknown, own: readonly unknown[]): void {
  const name = typeof className === 'string' ? className : 'Error';
  Object.setPrototypeOf(error, Object.getPrototypeOf(makeError(name)));
  for (const name of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, name);
  for (const [name, value, enumerable] of own.map(listOf)) {
    const attributes = { enumerable: enumerable === true, writable: true, configurable: true };
    if (typeof name === 'string') Object.defineProperty(error, name, { value, ...attributes });
  }
}

function isPlain(value: unknown): value is object {
  return Object(value) === value && Object.getPrototypeOf(value) === Object.prototype;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
