/** Checks of options that tiers in a store of another program have in common. */

import { milliseconds, wrong } from '../options.ts';

/** Node's timers take no more. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Bytes. */
const SHORTEST_SECRET = 16;

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

/** What records are signed with, never shown. @throws {OptionError} */
export function secretOf(value: unknown): Buffer | undefined {
  if (value === undefined) return undefined;
  const isBytes = typeof value === 'string' || value instanceof Uint8Array;
  const given = isBytes ? Buffer.from(value as string) : Buffer.of();
  if (given.length >= SHORTEST_SECRET) return given;
  throw wrong('secret', '...', `a text or bytes, of at least ${SHORTEST_SECRET} bytes`);
}
