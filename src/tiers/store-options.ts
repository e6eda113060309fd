/** Checks of options that tiers in a store of somebody else's have in common. */

import { milliseconds, wrong } from '../options.ts';

/** Node's timers take no more. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Whole milliseconds. @throws {OptionError} */
export function positive(option: string, value: unknown, most = LONGEST_TIMER): number {
  const ms = milliseconds(option, value);
  if (ms > 0 && ms <= most) return Math.ceil(ms);
  throw wrong(option, value, `more than 0 and at most ${most} milliseconds`);
}

/** What all names in the store begin with, which may have what the store takes. @throws {OptionError} */
export function prefixOf(value: unknown = 'threadmemo', allowed: RegExp, expected: string): string {
  if (typeof value === 'string' && allowed.test(value)) return value;
  throw wrong('prefix', value, expected);
}
