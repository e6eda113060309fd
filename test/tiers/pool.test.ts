/** A pool with a tier: results outlive the pool's memory, and invalidation reaches the tier. */

import { createPool, type MemoPool, mapTier } from 'threadmemo';
import { afterEach, expect, test } from 'vitest';
import { increment } from '../../workers/quick.ts';

let pool: MemoPool | undefined;
afterEach(() => pool?.close());

async function reopen(tier: ReturnType<typeof mapTier>): Promise<MemoPool> {
  await pool?.close();
  pool = await createPool({ threads: 1, tiers: [tier] });
  return pool;
}

test('what one pool has computed, the next one finds in the tier', async () => {
  const tier = mapTier();
  await reopen(tier);
  expect(await increment(41)).toBe(42);
  const second = await reopen(tier);
  expect(await increment(41)).toBe(42);
  expect(await increment(41)).toBe(42);
  expect(increment.stats()).toMatchObject({
    computations: 0,
    misses: 0,
    hits: 2,
    hitsIn: { near: 0, shared: 1, memory: 0, tiers: 1 },
  });
  expect(second.stats().tiers['map']).toMatchObject({ hits: 1, writes: 0 });
});

test('what was invalidated is in no tier either', async () => {
  const tier = mapTier();
  await reopen(tier);
  await increment(1);
  await increment.invalidate(1);
  await reopen(tier);
  expect(await increment(1)).toBe(2);
  expect(increment.stats()).toMatchObject({ computations: 1, hits: 0 });
});

test('a hundred callers ask the tier once', async () => {
  const opened = await reopen(mapTier());
  await Promise.all(Array.from({ length: 100 }, () => increment(5)));
  expect(opened.stats().tiers['map']).toMatchObject({ hits: 0, misses: 1, writes: 1 });
  expect(increment.stats()).toMatchObject({ computations: 1, misses: 1, waits: 99 });
});
