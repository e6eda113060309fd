/** `threadmemo/redis`: the public names, nothing else. */

import { refuseTierInPool } from './call/not-in-pool.ts';
import type { RedisTier } from './tiers/redis/contract.ts';
import type { RedisTierOptions } from './tiers/redis/options.ts';
import { openRedisTier } from './tiers/redis/redis-tier.ts';

export { MissingPackageError, RedisAccessError } from './errors.ts';
export type { RedisStats, RedisTier } from './tiers/redis/contract.ts';
export type { RedisClient, RedisTierOptions } from './tiers/redis/options.ts';

/**
 * A tier in Redis or Valkey, which processes on any number of machines share: what one of them has
 * computed the others find, what one computes the others wait for, and what one invalidates the
 * others forget. Needs the package `redis`: `npm install redis`; or a client of `ioredis`.
 *
 * When Redis does not answer, each process goes on by itself, and a warning says so. No call fails
 * because of it, and none waits for longer than `timeout`.
 *
 * @example
 * const pool = await createPool({ tiers: [redisTier({ url: 'redis://cache:6379', prefix: 'shop' })] });
 *
 * @throws {OptionError} for a wrong option. @throws {MissingPackageError} without the package redis.
 * @throws {ThreadError} in a thread of a pool.
 */
export function redisTier(options: RedisTierOptions = {}): RedisTier {
  refuseTierInPool('redisTier()', 'Redis');
  return openRedisTier(options);
}
