/** What `pool.report()` says. What users compile against: it names none of the machinery. */

import type { MissReason } from '../protocol.ts';

/** Which memos pay, since the pool was opened. Has no keys and no values in it. */
export interface PoolReport {
  /** Milliseconds since the pool was opened. */
  readonly ms: number;
  /** Those that were called, the one that has computed longest first. */
  readonly functions: readonly FunctionReport[];
  /** What does not pay, and what to change; the greatest loss first. Empty when nothing was found. */
  readonly findings: readonly MemoFinding[];
  /** All of it for a person. */
  readonly text: string;
}

/** What the memo of one function costs and saves. Times in milliseconds, sizes in bytes. */
export interface FunctionReport {
  readonly id: string;
  /** The sum of hits, misses and waits. */
  readonly calls: number;
  readonly hits: number;
  readonly misses: number;
  readonly waits: number;
  readonly computations: number;
  /** Calls for each computation. */
  readonly callsPerComputation: number;
  /** As in `f.stats()`, all in milliseconds. */
  readonly computeMsSpent: number;
  readonly computeMsAwaited: number;
  readonly computeMsSaved: number;
  /** Milliseconds that one computation takes; `undefined` before the first has ended. */
  readonly computeMs: Quantiles | undefined;
  /** What the memo itself takes; `undefined` until it was measured. */
  readonly memo: MemoCost | undefined;
  /** Milliseconds that were saved, less what the memo takes: below 0 it loses. */
  readonly gainMs: number;
  /**
   * Calls that a value must have for its memo to pay; `Infinity` when a hit takes longer than computing.
   * `undefined` until it was measured.
   */
  readonly breakEvenCalls: number | undefined;
  /** Entries held now, and their bytes. */
  readonly entries: number;
  readonly bytes: number;
  /** Misses by their reason. */
  readonly missedBecause: Readonly<Partial<Record<MissReason, number>>>;
}

/** Of the times that one computation takes, in milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

/**
 * Milliseconds of thread time, measured at a few calls: keys, looking up, decoding, messages, copying
 * arguments, encoding and storing. Not in it: the time until a sleeping thread wakes up.
 */
export interface MemoCost {
  /** Of all calls so far. */
  readonly ms: number;
  /** Of one hit. */
  readonly hitMs: number;
  /** Of one miss, beside its computation. */
  readonly missMs: number;
  /** The part of both that makes the key. */
  readonly keyMs: number;
}

/** What a finding of the report is about. */
export type FindingKind =
  | 'too cheap'
  | 'changing key'
  | 'list callback'
  | 'too large'
  | 'evicted'
  | 'expired';

/** A memo that does not pay, or would pay more with another option: in words, with the figure. */
export interface MemoFinding {
  readonly kind: FindingKind;
  readonly functionId: string;
  /** One sentence or two: what is lost, and what to change. */
  readonly text: string;
  /** Milliseconds that it has cost so far, by the measures. */
  readonly lossMs: number;
  /** The option to change, of the function or of `createPool()`. */
  readonly option?: string;
  /** What it should be, where that is known. */
  readonly value?: string;
  /** Where in the arguments it is: `args[0].now`. */
  readonly path?: string;
}
