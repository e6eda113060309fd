/** What a memcached tier does beyond what every tier does. */

import type { LeaseAnswer, Tier } from '../tier.ts';

/** The state of the servers, and what became of items, since the tier was opened. */
export interface MemcachedStats {
  readonly servers: number;
  /** Servers that answer, as far as this process knows. */
  readonly connected: number;
  /** Times that one of them did not. */
  readonly outages: number;
  /** Commands that one of them has refused: out of memory, for example. */
  readonly refused: number;
  /** Items that this process has met and removed: damaged, foreign, of another format. */
  readonly damaged: number;
  /** Records that were not stored, because they were larger than memcached takes. */
  readonly tooLarge: number;
}

/** A tier in memcached. */
export interface MemcachedTier extends Tier {
  readonly persistent: true;
  /** Among all processes that use the same servers. */
  lease(functionId: string, key: string, refresh?: boolean): Promise<LeaseAnswer>;
  /** The counters since the tier was opened; a copy. */
  stats(): MemcachedStats;
}
