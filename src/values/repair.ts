/**
 * Puts back what structured clone has lost; `examine.ts` says what that is.
 *
 * The losses were decoded from the same message as the value, so that the objects in them are the
 * very objects of the value.
 */
import { makeError } from './builtins.ts';
import type { Losses, OwnProperty } from './examine.ts';

/** Repairs the value that was decoded together with these losses, in place. */
export function repair({ bare, patterns, errors }: Losses): void {
  for (const object of bare) Object.setPrototypeOf(object, null);
  for (const [pattern, lastIndex] of patterns) pattern.lastIndex = lastIndex;
  for (const [error, className, own] of errors) repairError(error, className, own);
}

function repairError(error: Error, className: string, own: readonly OwnProperty[]): void {
  Object.setPrototypeOf(error, Object.getPrototypeOf(makeError(className)));
  for (const name of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, name);
  for (const [name, value, enumerable] of own) {
    Object.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
  }
}
