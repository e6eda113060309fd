/** Awaited hits in a thread's own memory share a promise, and nothing else: see `FunctionReads.nearSettled`. */

import { expect, test } from 'vitest';
import {
  contextsOfHits,
  missesAfterInvalidation,
  readsUntilAbandoned,
} from '../fixtures/awaited-hits.ts';
import { fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

test('each caller goes on in its own asynchronous context, and each hit is counted', async () => {
  const times = 5;
  const seen = await contextsOfHits(1, times);
  expect(seen).toEqual(Array.from({ length: times }, (_, n) => [2, n]));
  const { hits, hitsIn, misses } = increment.stats();
  expect([misses, hits]).toEqual([1, times - 1]);
  expect(hitsIn.near).toBeGreaterThan(0);
});

test('what was invalidated is not awaited', async () => {
  expect(await missesAfterInvalidation(10)).toEqual([11, 1]);
});

test('a computation that is told to stop gets no hit', async () => {
  const name = fresh('abandoned');
  const leaving = new AbortController();
  const call = readsUntilAbandoned.with({ signal: leaving.signal })(20, name);
  await reaches(name, 1);
  leaving.abort();
  await expect(call).rejects.toThrow();
  await reaches(`${name}:refused`, 1);
});
