/** bentocache with memory before Redis, and its bus, in front of Piscina. */
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { openPiscina } from '../contestants/piscina.ts';
import { cacheEntries } from '../functions/limits.js';
import { fleetOf, notForIt } from './fleet.ts';
import { type OpenCache, threadsEach } from './member-cache.ts';

export const contestant = fleetOf(
  'bentocache',
  'Piscina behind bentocache: memory before Redis; its bus between processes',
  notForIt,
);

export const openCache: OpenCache = async ({ port, functions }) => {
  const pool = openPiscina({ threads: threadsEach, functions });
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
