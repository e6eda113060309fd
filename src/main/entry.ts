/** What the coordinator keeps of one function, and of one settled value. */

import { LeastRecentlyUsed } from '../eviction/lru.ts';
import type { EvictionPolicy, Handle } from '../eviction/policy.ts';
import type { FunctionInfo, Portable } from '../protocol.ts';
import { Counters } from './counters.ts';

/** One memoized function, as the coordinator knows it. */
export class FunctionRecord {
  readonly info: FunctionInfo;
  /** What messages call it. */
  readonly number: number;
  /** What a computation has kept its thread busy for lately; `Infinity` when that is not known. */
  typicalMs = Number.POSITIVE_INFINITY;
  #makesCalls = false;
  readonly counters = new Counters();
  /** The order of the function's own entries; only where `max` needs one. */
  readonly policy: EvictionPolicy<Entry> | undefined;
  /** Raised by `clear`: entries of an older one are dead, and wait only to be swept. */
  generation = 0;

  constructor(info: FunctionInfo, number: number) {
    this.info = info;
    this.number = number;
    if (Number.isFinite(info.max)) this.policy = new LeastRecentlyUsed();
  }

  /** Its time is not its own: it calls memoized functions, which may run in the same thread. */
  makesCalls(): void {
    this.#makesCalls = true;
    this.typicalMs = Number.POSITIVE_INFINITY;
  }

  /** A moving average over about ten computations. */
  took(ms: number): void {
    this.counters.computeMsSpent += ms;
    if (this.#makesCalls) return;
    const before = Number.isFinite(this.typicalMs) ? this.typicalMs : ms;
    // Not below what taking a task out of a message costs the thread.
    this.typicalMs = Math.max(0.005, before + (ms - before) / 10);
  }
}

/** Immutable but for its place in the eviction orders. */
export interface Entry {
  /** The lease that has made it, or a number of its own: never used twice in a process. */
  readonly id: number;
  readonly key: string;
  readonly fn: FunctionRecord;
  /** Its function's when it was stored; the entry is dead when that has risen since. */
  readonly generation: number;
  readonly value: Portable;
  /** By the coordinator's clock; `Infinity` for never. */
  readonly expiresAt: number;
  /** Milliseconds that computing it took. */
  readonly ms: number;
  /** Bytes held: key, value and bookkeeping. */
  readonly size: number;
  /** Its place in the pool's eviction order. */
  inPool: Handle;
  /** Its place in its function's eviction order, if that has one. */
  inFunction: Handle | undefined;
}

/**
 * Bytes that an entry takes beside its key's characters and its value: the entry, its links, a map
 * slot, and the header of the key. `test/limits/memory.test.ts` holds it against real memory.
 */
export const BOOKKEEPING_BYTES = 256;
