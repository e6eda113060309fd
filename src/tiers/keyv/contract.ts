/** What a Keyv tier does beyond what every tier does. */

import type { Tier } from '../tier.ts';

/** What became of records that a Keyv tier read and wrote, since it was opened. */
export interface KeyvStats {
  /** Records that this process has met and removed: damaged, foreign, of another format. */
  readonly damaged: number;
}

/** A tier in a store of Keyv's. */
export interface KeyvTier extends Tier {
  readonly persistent: true;
  /** The counters since the tier was opened; a copy. */
  stats(): KeyvStats;
}
