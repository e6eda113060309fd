/**
 * The threads that read the cache by themselves: each has a place in the arena, where it counts what
 * it does, and sends no message.
 *
 * Invariant: the places of `#slots` are those of the threads that are there now. What they hold for
 * themselves is gone when they have ended; what they have read is counted for good.
 */

import type { ArenaShare } from '../arena/layout.ts';
import type { Hits } from '../arena/more-hits.ts';
import type { ArenaThreads } from '../arena/threads.ts';
import type { NearUsage } from '../arena/usage.ts';
import type { CacheAccess } from '../protocol.ts';
import { clockOffsetHere, NEAR_BYTES, NEAR_ENTRIES } from '../read/reads.ts';
import type { FunctionRecord } from './function-record.ts';

export class Readers {
  readonly #share: ArenaShare;
  readonly #threads: ArenaThreads;
  readonly #slots = new Set<number>();
  readonly #time: SharedArrayBuffer | undefined;

  /** Threads send the arguments of calls that find nothing. */
  explains = false;

  /** @param time where a clock lies that is not the system's */
  constructor(share: ArenaShare, threads: ArenaThreads, time?: SharedArrayBuffer) {
    this.#share = share;
    this.#threads = threads;
    this.#time = time;
  }

  /** What a thread needs to read; `undefined` when there are too many. */
  join(): CacheAccess | undefined {
    const slot = this.#threads.join();
    if (slot === undefined) return undefined;
    this.#slots.add(slot);
    const clockOffset = clockOffsetHere();
    return { share: this.#share, slot, clockOffset, time: this.#time, explains: this.explains };
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

  /** Where the thread in this place counts its hits of a function, when the arena has no room. */
  countedIn(slot: number, fn: number, memory: SharedArrayBuffer): void {
    this.#threads.countedIn(slot, fn, new Float64Array(memory));
  }

  /** What all threads have read of a function without asking. */
  hits(fn: FunctionRecord): Hits {
    return this.#threads.hits(fn.number);
  }
}
