/**
 * The threads that read: who has which slot, and what they have counted.
 *
 * A thread counts with plain stores into its own slot, so a count read here may be a moment old.
 * The numbers are doubles: they don't overflow, and on the 64-bit machines that Node runs on they
 * are read whole. When a thread has ended, its counts are kept and its slot is cleared for the next.
 */

import type { Epochs } from './epochs.ts';
import { COUNTED_FUNCTIONS, COUNTERS, countersAt, HIT_COLUMNS, hitsAt } from './layout.ts';
import type { Memory } from './memory.ts';

/** Of one function, by all threads. */
export interface Hits {
  readonly near: number;
  readonly shared: number;
  /** Milliseconds that it took to compute what was hit. */
  readonly cost: number;
}

export class Threads {
  readonly #doubles: Float64Array;
  readonly #epochs: Epochs;
  readonly #joined = new Set<number>();
  /** What threads that have ended have counted. */
  readonly #counters = new Float64Array(COUNTERS);
  readonly #hits = new Float64Array(COUNTED_FUNCTIONS * HIT_COLUMNS);

  constructor(memory: Memory, epochs: Epochs) {
    this.#doubles = memory.doubles;
    this.#epochs = epochs;
  }

  join(): number | undefined {
    const slot = this.#epochs.join();
    if (slot !== undefined) this.#joined.add(slot);
    return slot;
  }

  /** The thread in this slot has ended; does nothing when it has been said before. */
  leave(slot: number): void {
    if (!this.#joined.delete(slot)) return;
    this.#epochs.leave(slot);
    this.#keep(this.#counters, countersAt(slot));
    this.#keep(this.#hits, hitsAt(slot));
  }

  counter(slot: number, counter: number): number {
    return this.#doubles[countersAt(slot) + counter] as number;
  }

  /** Over all threads, those that have ended included. */
  sum(counter: number): number {
    return this.#add(this.#counters[counter] as number, countersAt, counter);
  }

  hits(fn: number): Hits {
    const first = Math.min(fn, COUNTED_FUNCTIONS - 1) * HIT_COLUMNS;
    const [near, shared, cost] = [first, first + 1, first + 2].map((column) =>
      this.#add(this.#hits[column] as number, hitsAt, column),
    ) as [number, number, number];
    return { near, shared, cost };
  }

  #add(sum: number, startOf: (slot: number) => number, column: number): number {
    for (const slot of this.#joined) sum += this.#doubles[startOf(slot) + column] as number;
    return sum;
  }

  #keep(totals: Float64Array, from: number): void {
    for (let i = 0; i < totals.length; i++) {
      const count = this.#doubles[from + i] as number;
      if (count === 0) continue;
      totals[i] = (totals[i] as number) + count;
      this.#doubles[from + i] = 0;
    }
  }
}
