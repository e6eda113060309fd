/** The public names, nothing else. */

import { type MemoPool, openPool } from './pool/pool.ts';
import type { PoolOptions } from './pool/pool-options.ts';

export { currentSignal } from './api/current-signal.ts';
export { expireTags } from './api/expire-tags.ts';
export { invalidateTags } from './api/invalidate-tags.ts';
export type { Inputs } from './api/map.ts';
export { memoize } from './api/memoize.ts';
export type {
  Memoized,
  MemoizedMembers,
  MemoizedShared,
  Promised,
  SharedBytes,
  Synchronous,
} from './api/memoized.ts';
export type { ArenaUsage, NearUsage } from './arena/usage.ts';
export type { FlightInspection, Inspection, ThreadInspection } from './coordinator/inspection.ts';
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
export type {
  CallEvent,
  ComputeEvent,
  EvictEvent,
  InvalidateEvent,
  OutageEvent,
  RefreshEvent,
  ThreadEvent,
  TierEvent,
} from './events/channels.ts';
export type {
  AnyFunction,
  CallOptions,
  Duration,
  MapOptions,
  MemoizeOptions,
  Progress,
  Size,
} from './options.ts';
export type { Health } from './pool/health.ts';
export type { MemoPool } from './pool/pool.ts';
export type { CloseOptions, PoolOptions } from './pool/pool-options.ts';
export type { PoolStats } from './pool/pool-stats.ts';
export type {
  Explanation,
  FunctionStats,
  HitsIn,
  LastMiss,
  MissReason,
  TierSight,
} from './protocol.ts';
export type {
  FindingKind,
  FunctionReport,
  MemoCost,
  MemoFinding,
  PoolReport,
  Quantiles,
} from './report/pool-report.ts';
export type { TierStats } from './tiers/counted-tier.ts';
export { mapTier } from './tiers/map-tier.ts';
export type { Invalidation, LeaseAnswer, Tier, TierLease, TierRecord } from './tiers/tier.ts';

/**
 * Opens the pool of worker threads with options of your own. Optional: the first call of a memoized
 * function opens one with the defaults. One pool at a time a process; an idle one does not keep the
 * process alive.
 * @throws {OptionError} for a wrong option. @throws {PoolOpenError} when a pool is open.
 * @throws {ThreadError} in a thread of a pool.
 *
 * @example
 * await using pool = await createPool({ threads: 4, maxSize: '256mb', maxQueue: 1000 });
 */
export async function createPool(options: PoolOptions = {}): Promise<MemoPool> {
  return openPool(options);
}
