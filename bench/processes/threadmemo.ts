/** threadmemo with its Redis tier, default options. */
import type { FunctionName } from '../contestants/contestant.ts';
import { plainNode } from '../scenario.ts';
import { fleetOf, notForIt } from './fleet.ts';
import { type OpenCache, threadsEach } from './member-cache.ts';

export const contestant = fleetOf(
  'threadmemo',
  'threadmemo with redisTier, default options: one computation in the fleet; values copied',
  { 'fleet outage': notForIt['fleet outage'] },
);

export const openCache: OpenCache = async ({ port }) => {
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
