/** `threadmemo/memcached`: the public names, nothing else. */

import { refuseTierInPool } from './call/not-in-pool.ts';
import type { MemcachedTier } from './tiers/memcached/contract.ts';
import { openMemcachedTier } from './tiers/memcached/memcached-tier.ts';
import type { MemcachedTierOptions } from './tiers/memcached/options.ts';

export { TierAccessError } from './errors.ts';
export type { MemcachedStats, MemcachedTier } from './tiers/memcached/contract.ts';
export type { Address, MemcachedTierOptions } from './tiers/memcached/options.ts';

/**
 * A tier in memcached, 1.6 or later, which processes on any number of machines share: what one of
 * them has computed the others find, and what one computes the others wait for. Needs no package.
 *
 * memcached sends no notifications: a waiting process looks every 10 to 250 ms, and an invalidation reaches
 * the tier and the process that has made it, and not what others have in their memory.
 *
 * When memcached does not answer, each process goes on by itself, and a warning says so. No call
 * fails because of it, and none waits for longer than `timeout`.
 *
 * @example
 * const pool = await createPool({ tiers: [memcachedTier({ servers: ['cache-1', 'cache-2'] })] });
 *
 * @throws {OptionError} for a wrong option. @throws {ThreadError} in a thread of a pool.
 */
export function memcachedTier(options: MemcachedTierOptions = {}): MemcachedTier {
  refuseTierInPool('memcachedTier()', 'memcached');
  return openMemcachedTier(options);
}
