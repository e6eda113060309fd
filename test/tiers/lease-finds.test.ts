/** A tier whose lease says what `get` would is asked once for a key, for the value and the right to compute it. */

import { createPool, type MemoPool, mapTier, type Tier, type TierRecord } from 'threadmemo';
import { afterEach, expect, test } from 'vitest';
import { TierChain } from '../../src/tiers/chain.ts';
import type { PacedTier } from '../../src/tiers/decorate.ts';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

let pool: MemoPool | undefined;
afterEach(() => pool?.close());

/** It says what it is asked. */
function leasingTier(asked: string[], records = new Map<string, Map<string, TierRecord>>()) {
  const tier = mapTier(records);
  const note =
    <Args extends unknown[], T>(what: string, run: (...args: Args) => T) =>
    (...args: Args): T => {
      asked.push(what);
      return run(...args);
    };
  const store = (fn: string, key: string) => async (its: TierRecord) => {
    asked.push('store');
    await tier.set(fn, key, its);
    return true;
  };
  const leasing: PacedTier & Required<Pick<Tier, 'lease'>> = {
    ...tier,
    leaseFinds: true,
    get: note('get', tier.get),
    discard: note('discard', tier.delete),
    lease: async (fn, key, refresh = false) => {
      asked.push(refresh ? 'refresh' : 'lease');
      const there = refresh ? undefined : await tier.get(fn, key);
      if (there) return { state: 'found', record: there };
      const lease = { store: store(fn, key), release: async () => {} };
      return { state: 'granted', lease };
    },
  };
  return leasing;
}

async function reopen(tier: Tier): Promise<MemoPool> {
  await pool?.close();
  pool = await createPool({ threads: 1, tiers: [tier] });
  return pool;
}

test('a miss asks it once, and a hit too, and they are counted as such', async () => {
  const asked: string[] = [];
  const records = new Map();
  const first = await reopen(leasingTier(asked, records));
  expect(await increment(1)).toBe(2);
  await expect.poll(() => asked, { timeout: 20_000 }).toEqual(['lease', 'store']);
  expect(first.stats().tiers['map']).toMatchObject({ hits: 0, misses: 1, leases: 1 });
  const second = await reopen(leasingTier(asked, records));
  asked.length = 0;
  expect(await increment(1)).toBe(2);
  expect(asked).toEqual(['lease']);
  expect(second.stats().tiers['map']).toMatchObject({ hits: 1, misses: 0, leases: 0 });
  expect(increment.stats()).toMatchObject({ computations: 0, hitsIn: { tiers: 1 } });
});

test('what is left of it while threads have enough to do is looked for without a lease', async () => {
  const asked: string[] = [];
  await reopen(leasingTier(asked));
  const all = await Promise.all(Array.from({ length: 1000 }, (_, n) => increment(n)));
  expect(all).toEqual(all.map((_, n) => n + 1));
  const count = (what: string) => asked.filter((each) => each === what).length;
  expect(count('get')).toBeGreaterThan(0);
  expect(count('get')).toBeLessThan(1000);
  expect(count('lease')).toBe(1000);
});

test('a record that is none is removed, and the lease is asked for again', async () => {
  const asked: string[] = [];
  const tier = leasingTier(asked);
  await tier.set('f', 'f(1)', { ...record([1]), ms: Number.NaN });
  const chain = new TierChain([tier]);
  expect(await chain.lease('f', 'f(1)', false, true)).toMatchObject({ state: 'granted' });
  expect(asked).toEqual(['lease', 'discard', 'refresh']);
  expect(chain.stats.get(tier)).toMatchObject({ hits: 0, misses: 1, undecodable: 1 });
});

test('one that is too old for the call is computed anew', async () => {
  const asked: string[] = [];
  const records = new Map();
  await reopen(leasingTier(asked, records));
  await increment(1);
  await expect.poll(() => asked, { timeout: 20_000 }).toContain('store');
  await reopen(leasingTier(asked, records));
  asked.length = 0;
  expect(await increment.with({ maxAge: 0 })(1)).toBe(2);
  expect(increment.stats()).toMatchObject({ computations: 1 });
  expect(asked.slice(0, 2)).toEqual(['lease', 'lease']);
});

test('another tier beside it is asked for the value first', async () => {
  const asked: string[] = [];
  const chain = new TierChain([mapTier(), leasingTier(asked)]);
  expect(chain.leaseFinds).toBe(false);
});
