/** `threadmemo/keyv`: the public names, nothing else. */

import { refuseTierInPool } from './call/not-in-pool.ts';
import type { KeyvTier } from './tiers/keyv/contract.ts';
import { openKeyvTier } from './tiers/keyv/keyv-tier.ts';
import type { KeyvLike, KeyvTierOptions } from './tiers/keyv/options.ts';

export { TierAccessError } from './errors.ts';
export type { KeyvStats, KeyvTier } from './tiers/keyv/contract.ts';
export type { KeyvLike, KeyvTierOptions } from './tiers/keyv/options.ts';

/**
 * A tier in any store that Keyv has an adapter for: SQLite, Postgres, MongoDB, S3 and others. Needs
 * the package `keyv`, version 5 or later, and the store's own.
 *
 * It has no leases: processes that share the store and ask for a key at the same time compute it
 * once each, and a value that another process computes while it is invalidated here is kept.
 * Keyv compares times of different machines, whose clocks should agree.
 *
 * The tier closes the Keyv when the pool is closed. `clear` forgets records, and leaves their room
 * to their time: at most `maxAge`, or your own `keyv.clear()`.
 *
 * @example
 * const store = new KeyvSqlite('sqlite://cache.sqlite');
 * const pool = await createPool({ tiers: [keyvTier(new Keyv(store))] });
 *
 * @throws {OptionError} for a wrong option. @throws {ThreadError} in a thread of a pool.
 */
export function keyvTier(keyv: KeyvLike, options: KeyvTierOptions = {}): KeyvTier {
  refuseTierInPool('keyvTier()', 'the store');
  return openKeyvTier(keyv, options);
}
