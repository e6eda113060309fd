/** What a Redis tier does beyond what every tier does. Its types ask for no package. */

import type { Tier } from '../tier.ts';

/** The state of the connection, and what became of records, since the tier was opened. */
export interface RedisStats {
  /** Redis answers, as far as this process knows. */
  readonly connected: boolean;
  /** Times that it did not. */
  readonly outages: number;
  /** Commands that it has refused: full, a replica, not able to save, not allowed. */
  readonly refused: number;
  /**
   * Records that this process has met and removed: damaged, foreign, of another format, with
   * another signature.
   */
  readonly damaged: number;
  /** Invalidations received from other processes. */
  readonly heard: number;
}

/** A tier in Redis. */
export interface RedisTier
  extends Required<
    Omit<Tier, 'directory' | 'getNow' | 'askedEvenIfSlow' | 'clearPrefix' | 'versionsOf'>
  > {
  /** The counters since the tier was opened; a copy. */
  stats(): RedisStats;
}
