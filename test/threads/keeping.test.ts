/** A value is served after its time, or is kept against its function's own options. */

import { OptionError } from 'threadmemo';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { performance } from '../../build/src/runtime/globals.js';
import { counted, fresh } from '../fixtures/counters-and-gates.ts';
import {
  keptAsSaid,
  keptIf,
  keptMs,
  keptNever,
  keptShortened,
  keptText,
} from '../fixtures/keeping-options.ts';
import { openForAll, rejection } from './open.ts';

// The copy whose clock is at hand.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

openForAll({ threads: 1 });

/** Has the coordinator's clock go on by so many milliseconds when `later` is called. */
function clock() {
  let ahead = 0;
  const real = performance.now.bind(performance);
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
  onTestFinished(() => spy.mockRestore());
  return {
    later(ms: number) {
      ahead += ms;
    },
  };
}

const MINUTE = 60_000;

describe('ttl', () => {
  test.each([
    ['a number', keptMs],
    ['a text', keptText],
    ['a function that returns a number', (cell: string) => keptAsSaid(cell, MINUTE)],
    ['a function that returns a text', (cell: string) => keptAsSaid(cell, '1m')],
  ])('%s: served for that long', async (_, call) => {
    const { later } = clock();
    const cell = fresh('ttl');
    expect(await call(cell)).toBe(1);
    later(MINUTE / 2);
    expect(await call(cell)).toBe(1);
    later(MINUTE / 2);
    expect(await call(cell)).toBe(2);
  });

  test('with jitter, shorter by at most that share, and not always as long', async () => {
    const { later } = clock();
    const cells = Array.from({ length: 30 }, () => fresh('jitter'));
    const all = () => Promise.all(cells.map((cell) => keptShortened(cell)));
    await all();
    later(MINUTE / 4);
    expect(new Set(await all())).toEqual(new Set([1]));
    later((MINUTE * 3) / 4);
    expect(new Set(await all())).toEqual(new Set([2]));
    const { hits } = keptShortened.stats();
    later(MINUTE * 0.75);
    await all();
    const still = keptShortened.stats().hits - hits;
    expect(still).toBeGreaterThan(0);
    expect(still).toBeLessThan(cells.length);
  });

  test('peek and has do not see what is over', async () => {
    const { later } = clock();
    const cell = fresh('ttl');
    await keptMs(cell);
    expect([keptMs.has(cell), keptMs.peek(cell)]).toEqual([true, 1]);
    later(MINUTE);
    expect([keptMs.has(cell), keptMs.peek(cell)]).toEqual([false, undefined]);
  });

  test('a use does not make it longer', async () => {
    const { later } = clock();
    const cell = fresh('ttl');
    for (const value of [1, 1, 1, 2]) {
      expect(await keptMs(cell)).toBe(value);
      later(MINUTE / 3 + 1);
    }
  });

  test.each([
    ['zero', keptNever],
    ['a function that returns zero', (cell: string) => keptAsSaid(cell, 0)],
  ])('%s: not kept', async (_, call) => {
    const cell = fresh('ttl');
    // The second one is even: its `cache` option has it not kept either.
    expect([await call(cell), await call(cell), await call(cell)]).toEqual([1, 2, 3]);
    expect(keptNever.has(cell)).toBe(false);
  });

  test('infinite: kept for good', async () => {
    const { later } = clock();
    const cell = fresh('ttl');
    await keptAsSaid(cell, Number.POSITIVE_INFINITY);
    later(Number.MAX_SAFE_INTEGER / 2);
    expect(keptAsSaid.has(cell, Number.POSITIVE_INFINITY)).toBe(true);
  });
});

describe('cache', () => {
  test('false: not kept', async () => {
    const cell = fresh('cache');
    expect([await keptIf(cell, false), await keptIf(cell, false)]).toEqual([1, 2]);
    expect(keptIf.has(cell, false)).toBe(false);
  });

  test('true: kept', async () => {
    const cell = fresh('cache');
    expect([await keptIf(cell, true), await keptIf(cell, true)]).toEqual([1, 1]);
  });

  test('is asked for each value', async () => {
    const cell = fresh('cache');
    await keptAsSaid(cell, 0);
    expect(await keptAsSaid(cell, MINUTE)).toBe(2);
    expect(keptAsSaid.has(cell, MINUTE)).toBe(false);
    expect(await keptAsSaid(cell, MINUTE)).toBe(3);
    expect(await keptAsSaid(cell, MINUTE)).toBe(3);
  });

  test('false for a refreshed value: the older one does not stay', async () => {
    const cell = fresh('cache');
    expect(await keptAsSaid(cell, MINUTE)).toBe(1);
    expect(await keptAsSaid.with({ forceRefresh: true })(cell, MINUTE)).toBe(2);
    expect(keptAsSaid.peek(cell, MINUTE)).toBe(undefined);
  });
});

describe('an option function that fails', () => {
  test.each([
    ['ttl', keptAsSaid],
    ['cache', keptIf],
  ])('%s throws: every caller gets its error, and nothing is kept', async (_, call) => {
    const cell = fresh('throws');
    const error = new RangeError('out of order');
    const got = await Promise.all([rejection(call(cell, error)), rejection(call(cell, error))]);
    for (const each of got) {
      expect(each).toBeInstanceOf(RangeError);
      expect(each.message).toBe('out of order');
    }
    expect(call.has(cell, error)).toBe(false);
    expect(counted(cell)).toBe(1);
  });

  test.each([
    ['ttl', keptAsSaid, 'soon', /ttl of .*#keptAsSaid returned.*'soon'.*it must be milliseconds/],
    ['ttl', keptAsSaid, -1, /ttl of .*#keptAsSaid returned.*-1.*it must be milliseconds/],
    ['ttl', keptAsSaid, undefined, /ttl of .*#keptAsSaid returned.*undefined/],
    ['cache', keptIf, 1, /cache of .*#keptIf returned number.*true or false/],
    ['cache', keptIf, undefined, /cache of .*#keptIf returned undefined.*true or false/],
  ])('%s returns what it must not: %o, %o', async (_, call, answer, message) => {
    const cell = fresh('wrong');
    const error = await rejection(call(cell, answer));
    expect(error).toMatchObject({ name: 'OptionError', code: 'ERR_THREADMEMO_OPTION' });
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toMatch(message);
    expect(call.has(cell, answer)).toBe(false);
  });
});
