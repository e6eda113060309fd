/**
 * The key of what the `key` option has chosen of the arguments.
 *
 * A choice that tells no calls apart is refused, because all callers would share the first one's
 * value: `undefined`, which is what braces without `return` and a misspelt property give, NaN, an
 * invalid Date, and a list or record of nothing else, however deep. Beside something else they are
 * accepted: `[path, options?.mode]` is a good key where `mode` is optional.
 */

import { types } from 'node:util';
import { KeyError } from '../errors.ts';
import { RealDate } from '../runtime/globals.ts';
import { checkCrossing } from '../values/crossing.ts';
import { Refusal } from '../values/refusal.ts';
import { refusedArgument } from '../values/refused-argument.ts';
import { canonicalKeyOf } from './canonical.ts';

const ROOT = 'key(...)';
/** What is longer or deeper was not chosen by mistake, and is not looked through. */
const MOST_PARTS = 1000;
const MOST_LEVELS = 20;

/**
 * @param args must be such as can be sent, because they will be if nothing is cached
 * @throws {KeyError}
 */
export function chosenKey(args: readonly unknown[], chosen: unknown): string {
  const key = keyOf(chosen);
  try {
    checkCrossing(args);
  } catch (error) {
    throw error instanceof Refusal ? refusedArgument(args, 'args', error, 'carried', true) : error;
  }
  return key;
}

function keyOf(chosen: unknown): string {
  if (isNothing(chosen) || hasNothing(chosen)) throw nothingChosen(chosen);
  // Its failure would be an unhandled rejection, which ends the process.
  if (types.isPromise(chosen)) chosen.catch(() => {});
  return canonicalKeyOf(chosen, ROOT);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || Number.isNaN(value)) return true;
  return types.isDate(value) && Number.isNaN(RealDate.prototype.getTime.call(value));
}

function hasNothing(chosen: unknown, level = 0): boolean {
  const parts = level < MOST_LEVELS ? partsOf(chosen) : [];
  return parts.length > 0 && parts.every((part) => isNothing(part) || hasNothing(part, level + 1));
}

/** Of a list, a Set or a record; none of anything else. */
function partsOf(chosen: unknown): readonly unknown[] {
  if (typeof chosen !== 'object' || chosen === null || types.isProxy(chosen)) return [];
  if (Array.isArray(chosen)) return chosen.length <= MOST_PARTS ? chosen : [];
  if (types.isSet(chosen)) return chosen.size <= MOST_PARTS ? [...chosen] : [];
  const isRecord = Object.prototype.toString.call(chosen) === '[object Object]';
  return isRecord ? Object.values(chosen) : [];
}

function nothingChosen(chosen: unknown): KeyError {
  const isAlone = isNothing(chosen);
  const what = isAlone ? named(chosen) : 'a value with nothing but undefined and NaN in it';
  return new KeyError(
    `${ROOT} is ${what}, which tells no calls apart: all of them would share one entry. Return the part ` +
      'of the arguments that matters from the key option (a function with braces needs `return`); ' +
      'where one entry for all is meant, return null.',
    { path: ROOT },
  );
}

function named(nothing: unknown): string {
  return types.isDate(nothing) ? 'an invalid Date' : String(nothing);
}
