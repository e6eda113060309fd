/**
 * One tier, as it is asked: what it fails to do is a counter and a slow miss, never a failed call.
 *
 * Invariant: nothing that a tier throws when it is asked, is rejected with, or passes off as a record
 * gets any further than this. Each counts as a failure, and the answer is `undefined`, as for what
 * is not there.
 */

import type { Tier, TierRecord } from '../tiers/tier.ts';
import { type Found, foundIn } from './found.ts';

export class TierStats {
  hits = 0;
  misses = 0;
  writes = 0;
  /** Writes left out because too many were under way. */
  skipped = 0;
  failures = 0;
  /** Computations that it has left to this process. */
  leases = 0;
  /** Times that this process had to wait for another one's computation. */
  waits = 0;
}

export class CountedTier {
  readonly tier: Tier;
  readonly stats = new TierStats();

  constructor(tier: Tier) {
    this.tier = tier;
  }

  async attempt<T>(run: (tier: Tier) => Promise<T>): Promise<T | undefined> {
    try {
      return await run(this.tier);
    } catch {
      this.stats.failures++;
      return undefined;
    }
  }

  /** What it can tell of a key at once. */
  getNow(fn: string, key: string): TierRecord | undefined | 'later' {
    try {
      return this.tier.getNow?.(fn, key);
    } catch {
      this.stats.failures++;
      return undefined;
    }
  }

  async write(fn: string, key: string, record: TierRecord): Promise<void> {
    this.stats.writes++;
    await this.attempt((tier) => tier.set(fn, key, record));
  }

  read(record: TierRecord): Found | undefined {
    try {
      return foundIn(record);
    } catch {
      this.stats.failures++;
      return undefined;
    }
  }

  /** The same for what it has said to a `get`, which is a hit or a miss. */
  count(record: TierRecord | undefined): Found | undefined {
    const found = record && this.read(record);
    this.stats[found ? 'hits' : 'misses']++;
    return found;
  }
}
