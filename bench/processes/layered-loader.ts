/** layered-loader with memory before Redis, in front of Piscina. */
import { Redis } from 'ioredis';
import { Loader, RedisCache } from 'layered-loader';
import { openPiscina } from '../contestants/piscina.ts';
import { cacheEntries } from '../functions/limits.js';
import { fleetOf, notForIt } from './fleet.ts';
import { type OpenCache, threadsEach } from './member-cache.ts';

const ttlInMsecs = 3600_000;

export const contestant = fleetOf(
  'layered-loader',
  'Piscina behind layered-loader: lru-map before Redis; values as JSON',
  notForIt,
);

export const openCache: OpenCache = async ({ port, functions }) => {
  const pool = openPiscina({ threads: threadsEach, functions });
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
