/** What those read who watch the pool of this thread: metrics, the page. Added up when it is asked for. */

import type { ThreadInspection } from '../coordinator/inspection.ts';
import type { Counters } from '../coordinator/stats.ts';
import type { Histogram } from '../order/histogram.ts';
import type { FunctionInfo, FunctionStats, HitsIn } from '../protocol.ts';

export interface FunctionReading {
  readonly info: FunctionInfo;
  readonly stats: FunctionStats;
  /** Those of its hits that were stale. */
  readonly staleIn: HitsIn;
  readonly completed: number;
  readonly evictedFor: Readonly<Counters['evictedFor']>;
  readonly times: Histogram;
}

export interface TierState {
  readonly name: string;
  readonly up: boolean;
  readonly failures: number;
}

export interface Readings {
  readonly functions: readonly FunctionReading[];
  readonly tiers: readonly TierState[];
  /** By state. */
  readonly threads: Readonly<Record<ThreadInspection['state'], number>>;
  /** Calls that wait for a thread or for a slot. */
  readonly queued: number;
  /** What they have waited until a thread took them. */
  readonly waits: Histogram;
}

let read: (() => Readings) | undefined;

/** Of the pool that is open. */
export function setReadings(from: (() => Readings) | undefined): void {
  read = from;
}

/** `undefined` when no pool is open in this thread. */
export function readingsNow(): Readings | undefined {
  return read?.();
}
