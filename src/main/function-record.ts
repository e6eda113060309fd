/** What the coordinator keeps of one function. */

import { LeastRecentlyUsedOfFew } from '../eviction/lru-of-few.ts';
import type { EvictionPolicy } from '../eviction/policy.ts';
import type { FunctionInfo } from '../protocol.ts';
import { Counters } from './counters.ts';

/** One memoized function, as the coordinator knows it. */
export class FunctionRecord {
  readonly info: FunctionInfo;
  /** What messages call it. */
  readonly number: number;
  /** What a computation has kept its thread busy for lately; `Infinity` when that is not known. */
  typicalMs = Number.POSITIVE_INFINITY;
  #makesCalls = false;
  #computed = 0;
  readonly counters = new Counters();
  /** The order of the function's own entries; only where `max` needs one. */
  readonly policy: EvictionPolicy | undefined;

  constructor(info: FunctionInfo, number: number) {
    this.info = info;
    this.number = number;
    if (Number.isFinite(info.max)) this.policy = new LeastRecentlyUsedOfFew();
  }

  /** Its time is not its own: it calls memoized functions, which may run in the same thread. */
  makesCalls(): void {
    this.#makesCalls = true;
    this.typicalMs = Number.POSITIVE_INFINITY;
  }

  /** Of all computations, what they waited for included; `Infinity` when there was none. */
  get averageMs(): number {
    return this.#computed > 0
      ? this.counters.computeMsSpent / this.#computed
      : Number.POSITIVE_INFINITY;
  }

  /** A moving average over about ten computations. */
  took(ms: number): void {
    this.counters.computeMsSpent += ms;
    this.#computed++;
    if (this.#makesCalls) return;
    const before = Number.isFinite(this.typicalMs) ? this.typicalMs : ms;
    // Not below what taking a task out of a message costs the thread.
    this.typicalMs = Math.max(0.005, before + (ms - before) / 10);
  }
}
