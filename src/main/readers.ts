/**
 * The threads that read the cache by themselves: each has a place in the arena, where it counts what
 * it does, and tells nobody.
 *
 * Invariant: the places of `#slots` are those of the threads that are there now. What they hold for
 * themselves is gone when they have ended; what they have read is counted for good.
 */

import type { ArenaShare } from '../arena/layout.ts';
import type { Hits, Threads } from '../arena/threads.ts';
import { clockOffsetHere, NEAR_BYTES, NEAR_ENTRIES } from '../near/reads.ts';
import type { Reading } from '../protocol.ts';
import type { FunctionRecord } from './function-record.ts';

export interface NearUsage {
  readonly entries: number;
  /** An estimate. */
  readonly bytes: number;
}

export class Readers {
  readonly #share: ArenaShare;
  readonly #threads: Threads;
  readonly #slots = new Set<number>();

  constructor(share: ArenaShare, threads: Threads) {
    this.#share = share;
    this.#threads = threads;
  }

  /** What a thread needs to read; `undefined` when there are too many. */
  join(): Reading | undefined {
    const slot = this.#threads.join();
    if (slot === undefined) return undefined;
    this.#slots.add(slot);
    return { share: this.#share, slot, clockOffset: clockOffsetHere() };
  }

  /** The thread in this place has ended. */
  leave(slot: number): void {
    this.#slots.delete(slot);
    this.#threads.leave(slot);
  }

  /** What the threads that are there now hold for themselves. */
  near(): NearUsage {
    const sum = (counter: number) =>
      [...this.#slots].reduce((all, slot) => all + this.#threads.counter(slot, counter), 0);
    return { entries: sum(NEAR_ENTRIES), bytes: sum(NEAR_BYTES) };
  }

  /** What all threads have read of a function without asking. */
  hits(fn: FunctionRecord): Hits {
    return this.#threads.hits(fn.number);
  }
}
