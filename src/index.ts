/** The public names, nothing else. */

import { type MemoPool, openPool } from './main/pool.ts';
import type { PoolOptions } from './main/pool-options.ts';

export type { ArenaUsage } from './arena/room.ts';
export { currentSignal } from './current-signal.ts';
export {
  CycleError,
  DuplicateNameError,
  KeyError,
  LoadError,
  MemoError,
  OptionError,
  PoolClosedError,
  PoolOpenError,
  QueueFullError,
  ThreadError,
  TimeoutError,
  ValueError,
  WorkerLostError,
} from './errors.ts';
export type { TierStats } from './main/counted-tier.ts';
export type { MemoPool, PoolStats } from './main/pool.ts';
export type { PoolOptions } from './main/pool-options.ts';
export type { NearUsage } from './main/readers.ts';
export type { Inputs } from './map.ts';
export { memoize } from './memoize.ts';
export type { Memoized, MemoizedMembers, Promised, Synchronous } from './memoized.ts';
export type {
  AnyFunction,
  CallOptions,
  Duration,
  MapOptions,
  MemoizeOptions,
  Progress,
  Size,
} from './options.ts';
export type { FunctionStats, HitsIn } from './protocol.ts';
export { mapTier } from './tiers/map-tier.ts';
export type { Invalidation, LeaseAnswer, Tier, TierLease, TierRecord } from './tiers/tier.ts';

/**
 * Opens the pool of worker threads with options of your own. Optional: the first call of a memoized
 * function opens one with the defaults. One pool at a time a process; an idle one does not keep the
 * process alive.
 * @throws {OptionError} for a wrong option. @throws {PoolOpenError} when a pool is open.
 * @throws {ThreadError} in a thread of a pool.
 */
export async function createPool(options: PoolOptions = {}): Promise<MemoPool> {
  return openPool(options);
}
