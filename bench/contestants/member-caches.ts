/** What does a contestant have in each process of a fleet? Cached functions, over a Redis. */
import { cacheEntries } from '../functions/plain.js';
import { type FunctionName, type Opened, plainNode } from '../scenario.ts';
import { openPiscina } from './on-main.ts';

interface MemberSetup {
  /** Of the Redis that the processes share. */
  readonly port: number;
  readonly functions: URL;
}

type OpenCache = (setup: MemberSetup) => Promise<MemberCache>;

export interface MemberCache extends Pick<Opened, 'call' | 'close'> {
  /** How often the tier was of use so far, where there is one that can say so. */
  readonly uses?: () => number;
}

/** Worker threads of a process. */
const threadsEach = 1;

/** It has Redis or memory, not both. */
const asyncCacheDedupe: OpenCache = async ({ port, functions }) => {
  const { createCache } = await import('async-cache-dedupe');
  const { Redis } = await import('ioredis');
  const pool = await openPiscina({ threads: threadsEach, functions });
  const client = new Redis(port, '127.0.0.1');
  const cache = createCache({ ttl: 3600, storage: { type: 'redis', options: { client } } });
  const defined = <Name extends FunctionName>(name: Name) =>
    cache.define(name, (argument) => pool.call(name, argument))[name];
  const cached: Partial<Record<FunctionName, (argument: unknown) => Promise<unknown>>> = {
    cost20ms: defined('cost20ms'),
  };
  return {
    call: async (name, argument) => cached[name]?.(argument),
    async close() {
      client.disconnect();
      await pool.close();
    },
  };
};

const bentocache: OpenCache = async ({ port, functions }) => {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const { redisBusDriver, redisDriver } = await import('bentocache/drivers/redis');
  const pool = await openPiscina({ threads: threadsEach, functions });
  const connection = { host: '127.0.0.1', port };
  const cache = new BentoCache({
    default: 'tiered',
    ttl: '1h',
    stores: {
      tiered: bentostore()
        .useL1Layer(memoryDriver({ maxItems: cacheEntries }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
  return {
    call: (name, argument) =>
      cache.getOrSet({ key: `${name}:${argument}`, factory: () => pool.call(name, argument) }),
    async close() {
      await cache.disconnectAll();
      await pool.close();
    },
  };
};

const layeredLoader: OpenCache = async ({ port, functions }) => {
  const { Redis } = await import('ioredis');
  const { Loader, RedisCache } = await import('layered-loader');
  const ttlInMsecs = 3600_000;
  const pool = await openPiscina({ threads: threadsEach, functions });
  const redis = new Redis(port, '127.0.0.1');
  const loader = new Loader<number>({
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs, maxItems: cacheEntries },
    asyncCache: new RedisCache<number>(redis, { json: true, ttlInMsecs }),
    dataSourceGetOneFn: async (key) => (await pool.call('cost20ms', Number(key))) as number,
  });
  return {
    call: async (_, argument) => loader.get(`${argument}`),
    async close() {
      redis.disconnect();
      await pool.close();
    },
  };
};

const threadmemo: OpenCache = async ({ port }) => {
  const { createPool, redisTier } = await import('../functions/threadmemo.js');
  const tiers = port === 0 ? [] : [redisTier({ url: `redis://127.0.0.1:${port}` })];
  const functions: Record<FunctionName, (argument: never) => Promise<unknown>> = {
    ...(await import('../functions/memoized.js')),
  };
  const pool = await createPool({ threads: threadsEach, tiers, worker: plainNode });
  return {
    call: (name, argument) => functions[name](argument as never),
    close: () => pool.close(),
    uses() {
      const { hits = 0, leases = 0 } = pool.stats().tiers['redis'] ?? {};
      return hits + leases;
    },
  };
};

/** By the name of the contestant. */
export const memberCaches: Readonly<Record<string, OpenCache>> = {
  'async-cache-dedupe': asyncCacheDedupe,
  bentocache,
  'layered-loader': layeredLoader,
  threadmemo,
  'threadmemo-alone': (setup) => threadmemo({ ...setup, port: 0 }),
  'threadmemo-cut-off': threadmemo,
};
