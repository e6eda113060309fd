/** Redis, asked for one key after the other. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { redisMissing, startRedis } from './redis-server.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'redis',
  what: 'Redis on loopback through ioredis, a connection for each worker, one GET after the other',
  cannot: {},
  missing: redisMissing,
  open: ({ threads }) => openRedisCrew(threads, false),
};

export async function openRedisCrew(threads: number, asksTogether: boolean): Promise<Crew> {
  const { port, stop } = await startRedis();
  return await openStoreCrew({
    threads,
    store: 'redis.js',
    isShared: true,
    asksTogether,
    dataFor: () => ({ data: { port } }),
    closed: stop,
  });
}
