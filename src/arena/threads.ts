/**
 * The threads that read: who has which slot, and what they have counted.
 *
 * A thread counts with plain stores into its own slot, so a count read here may be a moment old.
 * The numbers are doubles: they don't overflow, and on the 64-bit machines that Node runs on they
 * are read whole. When a thread has ended, its counts are kept and its slot is cleared for the next.
 */

import type { Epochs } from './epochs.ts';
import { COUNTED_FUNCTIONS, COUNTERS, countersAt, HIT_COLUMNS, hitsAt } from './layout.ts';
import { addHits, type Hits, hitsIn, MoreHits } from './more-hits.ts';
import type { Views } from './views.ts';

export class ArenaThreads {
  readonly #doubles: Float64Array;
  readonly #epochs: Epochs;
  readonly #joined = new Set<number>();
  /** What threads that have ended have counted. */
  readonly #counters = new Float64Array(COUNTERS);
  readonly #hits = new Float64Array(COUNTED_FUNCTIONS * HIT_COLUMNS);
  readonly #more = new MoreHits();

  constructor(memory: Views, epochs: Epochs) {
    this.#doubles = memory.doubles;
    this.#epochs = epochs;
  }

  /** A thread counts its hits of a function there, see `more-hits.ts`. */
  countedIn(slot: number, fn: number, columns: Float64Array): void {
    if (this.#joined.has(slot)) this.#more.add(slot, fn, columns);
  }

  join(): number | undefined {
    const slot = this.#epochs.join();
    if (slot !== undefined) this.#joined.add(slot);
    return slot;
  }

  /** The thread in this slot has ended; does nothing the second time. */
  leave(slot: number): void {
    if (!this.#joined.delete(slot)) return;
    this.#epochs.leave(slot);
    this.#keep(this.#counters, countersAt(slot));
    this.#keep(this.#hits, hitsAt(slot));
    this.#more.leave(slot);
  }

  counter(slot: number, counter: number): number {
    return this.#doubles[countersAt(slot) + counter] as number;
  }

  /** Over all threads, those that have ended included. */
  sum(counter: number): number {
    let sum = this.#counters[counter] as number;
    for (const slot of this.#joined) sum += this.counter(slot, counter);
    return sum;
  }

  hits(fn: number): Hits {
    if (fn >= COUNTED_FUNCTIONS) return this.#more.hits(fn);
    const first = fn * HIT_COLUMNS;
    const hits = hitsIn(this.#hits, first);
    for (const slot of this.#joined) addHits(hits, this.#doubles, hitsAt(slot) + first);
    return hits;
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
