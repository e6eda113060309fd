/** What a pool says of itself. What users compile against: it names none of the machinery. */

import type { ArenaUsage, NearUsage } from '../arena/usage.ts';
import type { FunctionStats } from '../protocol.ts';
import type { TierStats } from '../tiers/counted-tier.ts';

/** What has happened in a pool since it was opened: the sums over all functions, and more. */
export interface PoolStats extends FunctionStats {
  /** By function id. */
  readonly functions: Readonly<Record<string, FunctionStats>>;
  /** Where the bytes of `maxSize` are. */
  readonly memory: ArenaUsage;
  /** What all threads together have decoded and kept for themselves. */
  readonly near: NearUsage;
  /** By the tiers' names, fastest first. */
  readonly tiers: Readonly<Record<string, Readonly<TierStats>>>;
  /** Worker threads that run now. */
  readonly threads: number;
  /** Worker threads that have died or were replaced. */
  readonly threadsLost: number;
  /**
   * Those of them that have died of what no call was told of, such as a rejection that comes after
   * the answer. There is a warning, at a limited rate, that says what it was.
   */
  readonly uncaught: number;
  /** Threads that were attached, and have called a memoized function since. */
  readonly attached: number;
  /** Calls that wait for a thread now, or for a slot of their function's `concurrency`. */
  readonly queued: number;
}
