/** A pool with a tier: results outlive the pool's memory, and invalidation reaches the tier. */

import { createPool, type MemoPool, mapTier, type TierRecord } from 'threadmemo';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { increment, looksFor } from '../fixtures/quick.ts';

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

describe('a tier that can tell at once', () => {
  const records = new Map<string, Map<string, TierRecord>>();
  const getNow = (id: string, key: string) => records.get(id)?.get(key);
  const tier = () => ({ ...mapTier(records), getNow });
  const tell = async (n: number) => [
    { has: increment.has(n), peek: increment.peek(n) },
    await looksFor(n, 'test'),
  ];
  const nothing = { has: false, peek: undefined };

  beforeEach(async () => {
    records.clear();
    await reopen(tier());
    await Promise.all([increment(1), increment(2)]);
    await reopen(tier());
  });

  test('has and peek see what only the tier has, on any thread, and count nothing', async () => {
    expect(await tell(1)).toEqual([
      { has: true, peek: 2 },
      { has: true, peek: 2 },
    ]);
    expect(await tell(3)).toEqual([nothing, nothing]);
    expect(increment.stats()).toMatchObject({ hits: 0, misses: 0, computations: 0, entries: 0 });
    // The misses are those of `looksFor`.
    expect(pool?.stats().tiers['map']).toMatchObject({ hits: 0, misses: 2 });
  });

  test.runIf(inFull)('what has expired there is not there', async () => {
    const [key = ''] = records.get(increment.id)?.keys() ?? [];
    const record = getNow(increment.id, key) as TierRecord;
    records.get(increment.id)?.set(key, { ...record, expiresAt: Date.now() - 1 });
    expect(await tell(1)).toEqual([nothing, nothing]);
  });

  test('what is being invalidated is not there, before the tier has answered', async () => {
    const told = increment.invalidate(1);
    expect(increment.has(1)).toBe(false);
    const cleared = increment.clear();
    expect(increment.has(2)).toBe(false);
    await Promise.all([told, cleared]);
    expect(await tell(2)).toEqual([nothing, nothing]);
  });

  test.runIf(inFull)('one that fails is a miss', async () => {
    const fails = () => {
      throw new Error('broken');
    };
    await reopen({ ...tier(), getNow: fails });
    expect(increment.has(1)).toBe(false);
    expect(pool?.stats().tiers['map']).toMatchObject({ failures: 1 });
  });

  test.runIf(inFull)('one that cannot is left out', async () => {
    await reopen(mapTier(records));
    expect(increment.has(1)).toBe(false);
    await pool?.close();
    pool = await createPool({ threads: 1, tiers: [{ ...mapTier(), name: 'none' }, tier()] });
    expect(increment.has(1)).toBe(true);
  });
});

test('pool.clear() is one clear of each tier, however many functions there are', async () => {
  const asked: unknown[] = [];
  const tier = mapTier();
  const clear: typeof tier.clear = async (id) => {
    asked.push(id);
    await tier.clear(id);
  };
  const opened = await reopen({ ...tier, clear });
  await increment(1);
  await looksFor(1, 'test');
  await opened.clear();
  expect(asked).toEqual([undefined]);
  expect(await increment(1)).toBe(2);
  expect(increment.stats().computations).toBe(2);
});
