/**
 * A row of the table of freshness is another for a value that only a tier has: of another process, which
 * stored it some time ago. Time is that of the pool's clock. What a server keeps ends by the server's clock: there,
 * so much of a minute must be left that no test takes as long. It counts from when the record has come to it,
 * so each end may come some milliseconds later than by the pool's clock.
 */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Keyv from 'keyv';
import { type MemoPool, mapTier, type PoolOptions } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { keyvTier } from 'threadmemo/keyv';
import { memcachedTier } from 'threadmemo/memcached';
import { redisTier } from 'threadmemo/redis';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { variants } from '../effort.ts';
import { count, counted, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { both, enduring, look, looks, type Name, revalidating } from '../fixtures/growing-old.ts';
import { removeFolder } from '../remove-folder.ts';
import { open, until } from '../threads/open.ts';
import { startMemcached, withoutMemcached } from '../tiers/memcached-server.ts';
import { startRedis, withoutRedis } from '../tiers/redis-server.ts';

type Tiers = NonNullable<PoolOptions['tiers']>;

/** Each opens a store for one test; what comes of it is the tier anew for each pool. */
const stores: Record<string, () => Promise<() => Tiers[number]>> = {
  async memory() {
    const tier = mapTier();
    return () => tier;
  },
  async disk() {
    const home = mkdtempSync(join(tmpdir(), 'threadmemo-table-'));
    onTestFinished(() => removeFolder(home));
    return () => diskTier({ path: join(home, 'cache') });
  },
  async Redis() {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    return () => redisTier({ url: server.url });
  },
  async memcached() {
    const server = await startMemcached();
    onTestFinished(() => server.stop());
    return () => memcachedTier({ servers: [server.address] });
  },
  async Keyv() {
    const store = new Map();
    return () => keyvTier(new Keyv({ store }));
  },
};

const left = { Redis: withoutRedis, memcached: withoutMemcached } as Record<string, boolean>;
const kinds = Object.keys(stores).filter((kind) => !left[kind]);
const places = ['the main thread', 'a worker thread'] as const;
const cases = kinds.flatMap((kind) => places.map((place) => ({ kind, place })));

let nth = 0;

describe.each(variants(cases, 2))('a value in $kind, asked for from $place', ({ kind, place }) => {
  const isServer = kind === 'Redis' || kind === 'memcached';
  const see = (name: Name, cell: string) =>
    place === 'the main thread' ? look(name, cell) : looks(name, cell, ++nth);

  /** It was stored so long ago, by a pool that is no more. */
  async function storedBefore(ms: number, fn: typeof both, cell: string) {
    const tier = await (stores[kind] as () => Promise<() => Tiers[number]>)();
    const clock = fakeClock();
    const pool = await open({ threads: 0, tiers: [tier()], clock });
    expect(await fn(cell)).toBe(1);
    await pool.close();
    const later = fakeClock({ now: clock.now() + ms + (isServer ? 1000 : 0) });
    const threads = place === 'the main thread' ? 0 : 1;
    return { clock: later, pool: await open({ threads, tiers: [tier()], clock: later }) };
  }

  test('below its ttl is a hit', async () => {
    const cell = fresh('tier-fresh');
    const { pool } = await storedBefore(isServer ? 20_000 : 59_999, revalidating, cell);
    expect((await see('revalidating', cell)).value).toBe(1);
    expect(statsOf(pool, revalidating)).toMatchObject({ hits: 1, staleHits: 0, computations: 0 });
  });

  test('then answers at once, and is refreshed once', async () => {
    const cell = fresh('tier-stale');
    const { pool } = await storedBefore(60_000, revalidating, cell);
    expect((await see('revalidating', cell)).value).toBe(1);
    await reaches(cell, 2);
    await until(() => pool.inspect().flights.length === 0);
    expect((await see('revalidating', cell)).value).toBe(2);
    expect(statsOf(pool, revalidating)).toMatchObject({
      ...{ staleHits: 1, refreshes: 1, misses: 0 },
      hitsIn: { tiers: 1 },
    });
  });

  test('within staleIfError answers when the upstream is down, and not after that', async () => {
    const cell = fresh('tier-down');
    const { clock, pool } = await storedBefore(120_000, enduring, cell);
    count(`${cell}:down`);
    expect((await see('enduring', cell)).value).toBe(1);
    expect((await see('enduring', cell)).value).toBe(1);
    expect(counted(cell)).toBe(2);
    clock.advance('10m');
    expect((await see('enduring', cell)).value).toBe('down at 3');
    expect(statsOf(pool, enduring)).toMatchObject({ staleOnError: 2, misses: 3 });
  });

  test('beyond both is computed anew', async () => {
    const cell = fresh('tier-past');
    const { pool } = await storedBefore(660_000, both, cell);
    expect((await see('both', cell)).value).toBe(2);
    expect(statsOf(pool, both)).toMatchObject({ hits: 0, misses: 1, refreshes: 0 });
  });
});

function statsOf(pool: MemoPool, { id }: { id: string }): object {
  return pool.stats().functions[id] as object;
}
