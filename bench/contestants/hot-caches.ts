/**
 * Who answers for an upstream whose values become old? Caches on the main thread, each with what it has
 * against waiting for a new value, and threadmemo, with and without it.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { CacheEntry } from '@epic-web/cachified';
import { type KeyRange, keysOf } from '../functions/cached-values.js';
import { backoffMs, setDown, ttlMs, upstream, upstreamMs } from '../functions/upstream.js';
import type { Closable, Contestant } from '../scenario.ts';
import { type Crew, openMemoCrew } from './crews.ts';
import { Member } from './fleets.ts';
import { redisMissing, startRedis } from './redis-server.ts';

export interface HotCache extends Closable {
  /** When the value was made that it answers with. */
  call(key: number): Promise<number>;
  /** How many calls were a miss, and how many joined one, where it can say so. */
  missesAndWaits?(): readonly [misses: number, waits: number];
  /** Processes that share what they compute. */
  readonly members?: readonly Member[];
  /** Workers that read values, which can be stale. */
  readonly readers?: Readers;
}

export interface Readers extends Pick<Crew, 'run'> {
  /** Puts the values of these keys where they will be read from, fresh, or stale with refreshes that hang. */
  fill(keys: readonly KeyRange[], are: 'fresh' | 'stale'): Promise<void>;
}

/** How long a stale value is answered with. */
const windowMs = 60_000;

const noFleet = { 'fresh fleet': 'only a bar of our own' } as const;
const noReaders = { ...noFleet, 'fresh hit': 'it has no threads' } as const;

const alone = { 'fresh fleet': 'it is one process' } as const;

function threadmemo(name: string, which: 'stale' | 'waits', what: string): Contestant<HotCache> {
  return {
    name,
    what,
    cannot: which === 'stale' ? alone : { ...alone, 'fresh hit': 'none of its hits is stale' },
    async open({ threads }) {
      const crew = await openMemoCrew(threads, 'lasting');
      const { hot, lastingValue } = await import('../functions/hot.js');
      const memoized = hot[which];
      return {
        call: (key) => memoized(key),
        missesAndWaits() {
          const { misses, waits } = memoized.stats();
          return [misses, waits];
        },
        readers: {
          run: (job, orders) => crew.run(job, orders),
          async fill(ranges, are) {
            setDown(false);
            await crew.fill(ranges);
            if (are === 'stale') await makeStale(lastingValue, ranges.flatMap(keysOf));
          },
        },
        close: () => crew.close(),
      };
    },
  };
}

type LastingValue = typeof import('../functions/hot.js').lastingValue;

/** And the refresh of each has been asked for, and does not end. */
async function makeStale(value: LastingValue, keys: readonly string[]): Promise<void> {
  setDown(true);
  await Promise.all(keys.map((key) => value.expire(key)));
  await Promise.all(keys.map((key) => value(key)));
  await turn();
}

const bentocache: Contestant<HotCache> = {
  name: 'bentocache',
  what: 'bentocache on the main thread, memory driver, serialize: false, grace and graceBackoff',
  cannot: noReaders,
  async open() {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const stores = { memory: bentostore().useL1Layer(memoryDriver({ serialize: false })) };
    const options = { ttl: ttlMs, grace: windowMs, graceBackoff: backoffMs };
    const cache = new BentoCache({ default: 'memory', stores, ...options });
    return {
      call: (key) => cache.getOrSet({ key: `${key}`, factory: () => upstream(key) }),
      close: () => cache.disconnectAll(),
    };
  },
};

const cachified: Contestant<HotCache> = {
  name: 'cachified',
  what: '@epic-web/cachified on the main thread, over an lru-cache, swr',
  cannot: noReaders,
  async open() {
    const { cachified } = await import('@epic-web/cachified');
    const { LRUCache } = await import('lru-cache');
    const cache = new LRUCache<string, CacheEntry>({ max: 1_000 });
    return {
      call: (key) =>
        cachified({
          ...{ key: `${key}`, cache, ttl: ttlMs, swr: windowMs },
          getFreshValue: () => upstream(key),
        }),
      close: async () => {},
    };
  },
};

/** Before the end of `ttl`, and not after it: long enough for a refresh. */
const early = 1.5 * upstreamMs;

const layeredLoader: Contestant<HotCache> = {
  name: 'layered-loader',
  what: `layered-loader on the main thread, memory, refreshed from ${early} ms before the end on`,
  cannot: noReaders,
  async open() {
    const { Loader } = await import('layered-loader');
    const loader = new Loader<number>({
      inMemoryCache: { ttlInMsecs: ttlMs, ttlLeftBeforeRefreshInMsecs: early },
      dataSourceGetOneFn: (key) => upstream(Number(key)),
      // Otherwise it prints each of thousands.
      loadErrorHandler: () => {},
    });
    return {
      call: async (key) => (await loader.get(`${key}`)) ?? Number.NaN,
      close: () => loader.close(),
    };
  },
};

const processes = 8;
const elsewhere = 'measured in one process';

const threadmemoFleet: Contestant<HotCache> = {
  name: 'threadmemo-fleet',
  what: `threadmemo with redisTier, in ${processes} processes over one Redis`,
  cannot: { fresh: elsewhere, 'fresh failing': elsewhere, 'fresh hit': elsewhere },
  missing: redisMissing,
  async open() {
    const redis = await startRedis();
    const members = Array.from({ length: processes }, () => new Member('threadmemo', redis.port));
    await Promise.all(members.map((member) => member.ask('open')));
    return {
      members,
      call: () => Promise.reject(new Error(elsewhere)),
      async close() {
        await Promise.all(members.map((member) => member.close()));
        await redis.stop();
      },
    };
  },
};

export const hotCaches: readonly Contestant<HotCache>[] = [
  bentocache,
  cachified,
  layeredLoader,
  threadmemo('threadmemo', 'stale', 'threadmemo with staleWhileRevalidate and errorBackoff'),
  threadmemo('threadmemo, waits', 'waits', 'threadmemo without them: it waits for the new value'),
  threadmemoFleet,
];
