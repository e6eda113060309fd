/** What `stats()` says is true of each function, however many there are, and at once. */

import { memoize, OptionError } from 'threadmemo';
import { expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { hitsEach, numerous } from '../fixtures/many-functions.ts';
import { increment } from '../fixtures/quick.ts';
import { open } from './open.ts';

test('hits are counted once and for the right function, also of the 1,024th and later ones', async () => {
  const pool = await open({ threads: 2 });
  // Each gets its number when it is first used.
  for (const plus of numerous) plus.stats();
  const first = 1015;
  await Promise.all(numerous.slice(first).map((plus) => plus(1)));
  await Promise.all(numerous.slice(first).map((plus) => plus(1)));
  await hitsEach(first, 3, fresh('caller'));
  await hitsEach(1060, 2, fresh('caller'));
  const hits = numerous.slice(first).map((plus) => plus.stats().hits);
  const counted = hits.reduce((sum, count) => sum + count, 0);
  expect(hits.slice(0, 40)).toEqual(Array.from({ length: 40 }, () => 4));
  expect(hits.slice(-40)).toEqual(Array.from({ length: 40 }, () => 6));
  expect(pool.stats().hits).toBe(counted);
});

test.runIf(inFull)('entries and bytes are 0 right after clear()', async () => {
  const pool = await open({ threads: 1 });
  const cell = fresh('cell');
  await Promise.all(Array.from({ length: 2000 }, (_, n) => increment(n, cell)));
  expect(increment.stats().entries).toBe(2000);
  const cleared = increment.clear();
  expect(increment.stats()).toMatchObject({ entries: 0, bytes: 0 });
  await cleared;
  expect(pool.stats()).toMatchObject({ entries: 0, bytes: 0 });
  await increment(1, cell);
  expect(increment.stats().entries).toBe(1);
  await pool.clear();
  expect(pool.stats()).toMatchObject({ entries: 0, bytes: 0 });
  expect(increment.has(1, cell)).toBe(false);
});

test('a function too many is refused where it is defined', async () => {
  const functions = (globalThis as Record<symbol, unknown>)[
    Symbol.for('threadmemo:functions:1')
  ] as Map<string, unknown>;
  Object.defineProperty(functions, 'size', { value: 2 ** 18, configurable: true });
  onTestFinished(() => void Reflect.deleteProperty(functions, 'size'));
  const define = () => memoize(import.meta.url, (n: number) => n, { name: 'tooMany' });
  expect(define).toThrow(OptionError);
  expect(define).toThrow(/262,144 functions/);
});
