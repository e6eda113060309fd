/**
 * The diagnostics channels: what happens, for those who look. Each place that publishes asks first whether
 * there are subscribers, so that nothing is made for none; a hit asks nothing and publishes nothing.
 *
 * What a subscriber throws is not the pool's: Node reports it as an uncaught exception of its own.
 */

import { channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';

/**
 * `threadmemo.call`: a call that is no hit, in the thread that makes it. In a worker thread that is every
 * call about which the pool's own thread has to be asked.
 */
export interface CallEvent {
  readonly functionId: string;
  /** As `f.key(...args)` returns it. */
  readonly key: string;
  /** Whether it began a computation, or joined one; in a worker thread that is not known. */
  readonly kind?: 'miss' | 'wait';
  /** What it was rejected with; from `error` on. */
  error?: unknown;
  /**
   * For a tracer to set at `start`: it arrives in the `context` of the computation that the call begins, in
   * whichever thread that is.
   */
  context?: Readonly<Record<string, string>>;
  /** From `asyncEnd` on: the `context` of the call that the computation was begun for, if not for this one. */
  leader?: Readonly<Record<string, string>>;
}

/** `threadmemo.compute`: a computation, in the thread that has opened the pool and in the one that computes. */
export interface ComputeEvent {
  readonly functionId: string;
  readonly key: string;
  /** `worker_threads.threadId` of the one that computes. */
  readonly threadId: number;
  /** Names the computation in both threads. */
  readonly lease: number;
  /** What a subscriber of `threadmemo.call` has set there: of the call that the computation was begun for. */
  readonly context?: Readonly<Record<string, string>>;
  /**
   * From `asyncEnd` on. `cancelled`: no caller wanted it any more. `lost`: its thread has not ended it, and it
   * starts again elsewhere, or is given up.
   */
  outcome?: 'value' | 'error' | 'cancelled' | 'lost';
  /** Milliseconds that the function itself ran; from `asyncEnd` on, unless it was lost. */
  ms?: number;
  /** What the function has thrown; from `error` on. */
  error?: unknown;
}

/** `threadmemo.tier`: one operation of one tier. */
export interface TierEvent {
  readonly tier: string;
  readonly operation: 'get' | 'set' | 'delete' | 'clear' | 'lease';
  readonly functionId: string | undefined;
  readonly key: string | undefined;
  /** Of `get` and `lease`: there was a record. From `asyncEnd` on. */
  found?: boolean;
  error?: unknown;
}

/** `threadmemo:evict`: an entry has made room. */
export interface EvictEvent {
  readonly functionId: string;
  /** As `f.key(...args)` returns it. */
  readonly key: string;
  readonly bytes: number;
  /** The limit that was reached: the function's `max`, the pool's, or the pool's `maxSize`. */
  readonly reason: 'max' | 'pool max' | 'maxSize';
}

/** `threadmemo:invalidate`: of a key, of a function, or without both of everything. */
export interface InvalidateEvent {
  readonly functionId: string | undefined;
  readonly key: string | undefined;
  /** The tier through which another process has; `undefined` when this one has. */
  readonly tier: string | undefined;
}

/**
 * `threadmemo:refresh`: a value is computed again although no call waits for it, or one that was to be replaced was
 * not: `stats()` counts these as `refreshes` and `failedRefreshes`.
 */
export interface RefreshEvent {
  readonly functionId: string;
  /** As `f.key(...args)` returns it. */
  readonly key: string;
  readonly state: 'begun' | 'done' | 'failed';
  /** Why it has failed: what the function has thrown, or an error that says what else it was. */
  readonly cause: unknown;
}

/** `threadmemo:thread`: a worker thread of the pool, or an attached one. */
export interface ThreadEvent {
  readonly threadId: number;
  readonly state: 'started' | 'died' | 'replaced';
  readonly cause: unknown;
}

/** `threadmemo:outage`: a tier cannot be used, or can again. */
export interface OutageEvent {
  readonly tier: string;
  readonly state: 'begun' | 'over';
  readonly cause: unknown;
}

type Traced<Event> = TracingChannel<unknown, Event & object>;

export const calls: Traced<CallEvent> = tracingChannel('threadmemo.call');
export const computations: Traced<ComputeEvent> = tracingChannel('threadmemo.compute');
export const tierOperations: Traced<TierEvent> = tracingChannel('threadmemo.tier');
export const evictions = channel('threadmemo:evict');
export const invalidations = channel('threadmemo:invalidate');
export const refreshesSeen = channel('threadmemo:refresh');
export const threadsSeen = channel('threadmemo:thread');
export const outages = channel('threadmemo:outage');
