/**
 * What the page is sent once a second, as JSON: the contract between the process and the browser. Imports
 * nothing, because both sides compile it.
 */

/** Milliseconds between two samples of what threads do. */
export const SAMPLE_MS = 250;

/** The most flights in a snapshot. */
export const MOST_FLIGHTS = 100;

export interface PageSnapshot {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of this page: another one means that the process was started anew. */
  readonly page: string;
  /** Milliseconds since the pool was opened. */
  readonly ms: number;
  readonly state: 'open' | 'draining' | 'closed';
  readonly findings: readonly PageFinding[];
  /** Those that were called. */
  readonly functions: readonly PageFunction[];
  readonly flights: readonly PageFlight[];
  /** Calls that wait for a thread, or for a slot of their function. */
  readonly queued: number;
  readonly threads: PageThreads;
  readonly memory: { readonly used: number; readonly most: number };
  readonly tiers: readonly PageTier[];
}

export interface PageFinding {
  /** `loses`: a memo that does not pay, or would pay more. */
  readonly kind: 'outage' | 'errors' | 'threads' | 'loses';
  readonly text: string;
}

export interface PageFunction {
  readonly id: string;
  readonly calls: number;
  /** Hits by where they were found. */
  readonly near: number;
  readonly shared: number;
  readonly memory: number;
  readonly tiers: number;
  readonly waits: number;
  readonly computations: number;
  readonly errors: number;
  /** Milliseconds that one computation takes; `null` before the first has ended. */
  readonly p50: number | null;
  readonly p95: number | null;
  /** Milliseconds of computing. */
  readonly spent: number;
  readonly saved: number;
  readonly entries: number;
  readonly bytes: number;
  readonly evictions: number;
}

export interface PageFlight {
  readonly functionId: string;
  /** Only with `showKeys`. */
  readonly key?: string;
  readonly state: string;
  readonly ageMs: number;
  readonly threadId: number | null;
  readonly waiters: number;
  /** Flights that it waits for: their places in the list. */
  readonly waitsFor: readonly number[];
}

export type PageThreadState = 'busy' | 'awaiting' | 'blocked' | 'idle';

export interface PageThreads {
  readonly up: number;
  readonly wanted: number;
  /** Died or replaced since the pool was opened. */
  readonly lost: number;
  /** Since the last snapshot; in the first one of a viewer of the last minute, as far as they were taken. */
  readonly samples: readonly ThreadSample[];
}

export interface ThreadSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly states: readonly (readonly [threadId: number, state: PageThreadState])[];
}

export interface PageTier {
  readonly name: string;
  readonly up: boolean;
  readonly hits: number;
  readonly misses: number;
  readonly writes: number;
  readonly failures: number;
  /** Invalidations that it did not take, and that are tried again. */
  readonly owed: number;
  /** Milliseconds of its operations while the page was looked at; `null` when there were none. */
  readonly latency: { readonly mean: number; readonly slowest: number } | null;
}
