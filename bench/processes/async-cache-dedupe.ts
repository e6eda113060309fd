/** async-cache-dedupe with its Redis storage, in front of Piscina. It has that or memory, not both. */
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';
import type { FunctionName } from '../contestants/contestant.ts';
import { openPiscina } from '../contestants/piscina.ts';
import { fleetOf, notForIt } from './fleet.ts';
import { type OpenCache, threadsEach } from './member-cache.ts';

export const contestant = fleetOf(
  'async-cache-dedupe',
  'Piscina behind async-cache-dedupe, redis storage: no memory before it',
  notForIt,
);

export const openCache: OpenCache = async ({ port, functions }) => {
  const pool = openPiscina({ threads: threadsEach, functions });
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
