/**
 * Hits of functions for which the arena has no columns: room for the columns of each thread and
 * function that it may have would be gigabytes. A thread that hits such a function makes some, and
 * sends them once.
 */

import { HIT_COLUMNS } from './layout.ts';

/** Of one function, by all threads. */
export interface Hits {
  readonly near: number;
  readonly shared: number;
  /** Records that the threads have read in a tier by themselves. */
  readonly records: number;
  /** Milliseconds that it took to compute what was hit. */
  readonly cost: number;
  /** The same for hits that were stale, which are not among the others. */
  readonly staleNear: number;
  readonly staleShared: number;
}

type Sum = { -readonly [Column in keyof Hits]: Hits[Column] };

const NONE = new Float64Array(HIT_COLUMNS);

export class MoreHits {
  /** By slot, then by function. */
  readonly #threads = new Map<number, Map<number, Float64Array>>();
  /** Of threads that have ended, by function. */
  readonly #ended = new Map<number, Float64Array>();

  add(slot: number, fn: number, columns: Float64Array): void {
    const own = this.#threads.get(slot) ?? new Map<number, Float64Array>();
    this.#threads.set(slot, own.set(fn, columns));
  }

  leave(slot: number): void {
    for (const [fn, columns] of this.#threads.get(slot) ?? []) {
      const total = this.#ended.get(fn) ?? new Float64Array(HIT_COLUMNS);
      this.#ended.set(
        fn,
        total.map((sum, column) => sum + (columns[column] as number)),
      );
    }
    this.#threads.delete(slot);
  }

  hits(fn: number): Hits {
    const hits = hitsIn(this.#ended.get(fn) ?? NONE, 0);
    for (const own of this.#threads.values()) addHits(hits, own.get(fn) ?? NONE, 0);
    return hits;
  }
}

/** The columns from this index on. */
export function hitsIn(columns: Float64Array, at: number): Sum {
  const hits = { near: 0, shared: 0, records: 0, cost: 0, staleNear: 0, staleShared: 0 };
  addHits(hits, columns, at);
  return hits;
}

/** Without closures or arrays: the hits of thousands of functions are added up at once. */
export function addHits(hits: Sum, columns: Float64Array, at: number): void {
  hits.near += columns[at] as number;
  hits.shared += columns[at + 1] as number;
  hits.cost += columns[at + 2] as number;
  hits.staleNear += columns[at + 3] as number;
  hits.records += columns[at + 4] as number;
  hits.staleShared += columns[at + 5] as number;
}
