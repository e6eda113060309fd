/** A clock for the tests of users: `createPool({ clock: fakeClock() })`. */

import { types } from 'node:util';
import { type Duration, milliseconds, refuseUnknown, wrong } from '../options.ts';
import { dateNow, setImmediate } from '../runtime/globals.ts';
import { CLOCK_BYTES, type ClockCells, viewsOf } from './shared-clock.ts';

/** Time that stands still, for a pool and all of its threads, until a test has some pass. */
export interface FakeClock extends ClockCells {
  /** What time it is: milliseconds since 1970. */
  now(): number;
  /**
   * So much time passes, in every thread, at once: what has expired by then is not a hit any more. Time
   * limits that have passed end their calls soon after; await those.
   * @throws {OptionError}
   */
  advance(by: Duration): void;
  /** The time and a count, as threads share them. Not to be written to. */
  readonly cells: SharedArrayBuffer;
}

/** How `fakeClock()` begins. */
export interface FakeClockOptions {
  /** Where it begins. Default: what time it is. */
  readonly now?: Date | number;
}

/**
 * Makes a clock that a pool takes: `createPool({ clock })`. It decides when values are too old, however they
 * are read, shared memory and near caches included, and when the time limits of calls are over. Threads
 * are started, replaced and given work by real time, and so are tiers waited for; servers such as Redis
 * expire records by clocks of their own.
 * @throws {OptionError}
 * @example
 * const clock = fakeClock();
 * await using pool = await createPool({ clock, threads: 0 });
 * await price('tea');
 * clock.advance('10m');
 * expect(price.has('tea')).toBe(false);
 */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  refuseUnknown(options, 'fakeClock', ['now']);
  const { now = dateNow() } = options;
  const cells = new SharedArrayBuffer(CLOCK_BYTES);
  const { time, changes } = viewsOf(cells);
  Atomics.store(time, 0, microseconds(startOf(now)));
  return {
    cells,
    now: () => Number(Atomics.load(time, 0)) / 1000,
    advance(by) {
      const ms = milliseconds('the argument of advance', by);
      if (!Number.isFinite(ms)) throw wrong('the argument of advance', by, 'a time that is finite');
      Atomics.add(time, 0, microseconds(ms));
      Atomics.add(changes, 0, 1);
      Atomics.notify(changes, 0);
      // A process that waits for nothing but a fake timer lasts until that has run.
      setImmediate(() => setImmediate(() => {}));
    },
  };
}

function startOf(value: unknown): number {
  const ms = types.isDate(value) ? value.getTime() : value;
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms;
  throw wrong('now', value, 'a Date, or milliseconds since 1970');
}

function microseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000));
}
