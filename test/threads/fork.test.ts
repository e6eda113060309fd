/** Parallel help from inside a computation: `fork`, and `map` on every thread. */

import { OptionError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import {
  depth,
  forks,
  forksAndGoesOn,
  forksLate,
  square,
  sumOfSquares,
} from '../fixtures/blocking.ts';
import { counted, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { open, openForAll, rejection } from './open.ts';

test("forked calls run in all threads at once, their caller's too", async () => {
  await open({ threads: 3 });
  const { here, there } = await forks(fresh('forks'), 3);
  expect(new Set(there).size).toBe(3);
  expect(there).toContain(here);
});

test("on the coordinator's thread a forked call is a call", async () => {
  await open({ threads: 1 });
  expect(await Promise.all([square.fork(7), square(7)])).toEqual([49, 49]);
  expect(counted('square:7')).toBe(1);
});

test.each([1, 2])('forks within forks do not starve in %i threads', async (threads) => {
  const pool = await open({ threads });
  expect(await depth(40)).toBe(40);
  expect(pool.stats().computations).toBe(41);
});

test('who forks and computes on does not keep what it has forked waiting', async () => {
  await open({ threads: 2 });
  const [here, there] = await forksAndGoesOn(fresh('goes-on'));
  expect(there).not.toBe(here);
});

test('a thread that forks when it was told to rest is still there for it', async () => {
  await open({ threads: 1 });
  const gate = fresh('late');
  expect(await forksLate(gate)).toBe('returned');
  await reaches(`${gate}:elsewhere`, 1);
  expect(await square(9)).toBe(81);
});

describe('map', () => {
  const pool = openForAll({ threads: 2 });
  const numbers = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => from + n);

  test('results are in the order of the inputs', async () => {
    const inputs = numbers(1000, 300);
    const results = [];
    for await (const each of square.map(inputs, { concurrency: 7 })) results.push(each);
    expect(results).toEqual(inputs.map((n) => n * n));
  });

  test('inside a computation it does the same', async () => {
    expect(await sumOfSquares(100)).toBe(328350);
  });

  test('an endless source is read no further than the window', async () => {
    let read = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield 2000 + read++;
      } finally {
        closed = true;
      }
    }
    let taken = 0;
    for await (const each of square.map(endless(), { concurrency: 5 })) {
      expect(each).toBe((2000 + taken) ** 2);
      expect(read).toBeLessThanOrEqual(taken + 1 + 5);
      if (++taken === 50) break;
    }
    // Whatever it had begun to read is dropped.
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
  });

  test("the first failure ends it: a call's, or the source's", async () => {
    const seen: number[] = [];
    async function take(inputs: Iterable<number>) {
      for await (const each of square.map(inputs, { concurrency: 2 })) seen.push(each);
    }
    expect((await rejection(take([3, 4, -5, 6]))).message).toBe('-5 is negative');
    expect(seen).toEqual([9, 16]);
    function* broken() {
      yield 3;
      throw new Error('no more');
    }
    expect((await rejection(take(broken()))).message).toBe('no more');
    expect(seen).toEqual([9, 16, 9]);
    expect(pool().stats().queued).toBe(0);
  });

  test('a signal ends it with its reason, also while nothing is ready', async () => {
    const abort = new AbortController();
    async function* waits() {
      yield 8;
      await new Promise(() => {});
    }
    const results = square.map(waits(), { signal: abort.signal });
    expect(await results.next()).toEqual({ value: 64, done: false });
    const next = results.next();
    abort.abort(new Error('enough'));
    expect((await rejection(next)).message).toBe('enough');
    expect(await results.next()).toEqual({ value: undefined, done: true });
    const late = square.map([1], { signal: abort.signal });
    expect((await rejection(late.next())).message).toBe('enough');
  });

  test('progress counts what was begun and what has succeeded', async () => {
    const progress: { done: number; started: number }[] = [];
    const onProgress = (now: { done: number; started: number }) => void progress.push(now);
    for await (const _ of square.map(numbers(3000, 20), { onProgress, concurrency: 4 }));
    expect(progress.map(({ done }) => done)).toEqual(numbers(1, 20));
    expect(progress.at(-1)).toEqual({ done: 20, started: 20 });
  });

  test('the characters of a text are inputs like those of any iterable', async () => {
    const lengths: unknown[] = [];
    for await (const each of square.map('123' as never)) lengths.push(each);
    expect(lengths).toEqual([1, 4, 9]);
  });

  test('wrong options and inputs are refused at once', () => {
    expect(() => square.map([1], { concurrency: 0 })).toThrow(OptionError);
    expect(() => square.map([1], { signal: 1 as never })).toThrow(OptionError);
    expect(() => square.map([1], { parallel: 2 } as never)).toThrow(/no option 'parallel'/);
    expect(() => square.map(5 as never)).toThrow(/first argument of map/);
  });
});
