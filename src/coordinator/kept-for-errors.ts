/**
 * Entries that are kept for `staleIfError` alone: past their `ttl` and past `staleWhileRevalidate`, they answer
 * only calls whose computation fails. When memory is short they go first, the oldest first, but for a small share
 * that is their own: then the eviction policy decides as among all others.
 *
 * Time makes an entry one of them, and no event. So those that will be are looked at when room is wanted, a few at a
 * time: of one function they come in the order of their ends, unless it computes its `ttl`.
 */

import type { Handle } from '../arena/entries.ts';
import type { FunctionRecord } from './function-record.ts';

/** Of `maxSize`, and of the pool's `max`. */
const SHARE = 1 / 20;
/** Entries of one function that one search looks at: well below a millisecond of work. */
const AT_ONCE = 100;

export interface KeptForErrorsParts {
  readonly now: () => number;
  readonly bytes: (handle: Handle) => number;
  /** Until when it is fresh. */
  readonly freshUntil: (handle: Handle) => number;
  /** Of the whole pool. */
  readonly capacity: { readonly max: number; readonly maxSize: number };
}

export class KeptForErrors {
  readonly #parts: KeptForErrorsParts;
  /** Those that will be, of each function that has any. */
  readonly #coming = new Map<FunctionRecord, Set<Handle>>();
  /** Those that are, the oldest first, with their bytes. */
  readonly #alone = new Map<Handle, number>();
  #bytes = 0;

  constructor(parts: KeptForErrorsParts) {
    this.#parts = parts;
  }

  add(fn: FunctionRecord, handle: Handle): void {
    if (!hasOwnTime(fn) || this.#parts.freshUntil(handle) === Number.POSITIVE_INFINITY) return;
    const coming = this.#coming.get(fn) ?? new Set();
    this.#coming.set(fn, coming.add(handle));
  }

  remove(fn: FunctionRecord, handle: Handle): void {
    if (!hasOwnTime(fn)) return;
    const coming = this.#coming.get(fn);
    if (coming?.delete(handle) && coming.size === 0) this.#coming.delete(fn);
    this.#bytes -= this.#alone.get(handle) ?? 0;
    this.#alone.delete(handle);
  }

  /** The one that goes first, as long as there are more than their share. */
  get first(): Handle | undefined {
    for (const [fn, coming] of this.#coming) this.#look(fn, coming);
    const { max, maxSize } = this.#parts.capacity;
    if (this.#alone.size <= max * SHARE && this.#bytes <= maxSize * SHARE) return undefined;
    const [first] = this.#alone.keys();
    return first;
  }

  #look(fn: FunctionRecord, coming: Set<Handle>): void {
    const { now, bytes, freshUntil } = this.#parts;
    const until = now() - (fn.info.freshness?.staleWhileRevalidate ?? 0);
    let left = Math.min(AT_ONCE, coming.size);
    for (const handle of coming) {
      if (left-- === 0) break;
      const isAlone = freshUntil(handle) <= until;
      if (!isAlone && fn.info.ttl !== undefined) break;
      coming.delete(handle);
      // To the end of the order: it is looked at again after the others.
      if (!isAlone) coming.add(handle);
      else this.#keep(handle, bytes(handle));
    }
    if (coming.size === 0) this.#coming.delete(fn);
  }

  #keep(handle: Handle, bytes: number): void {
    this.#alone.set(handle, bytes);
    this.#bytes += bytes;
  }
}

/** Whether there is a time in which its entries are kept for errors alone. */
function hasOwnTime({ info: { freshness } }: FunctionRecord): boolean {
  return freshness !== undefined && freshness.staleIfError > freshness.staleWhileRevalidate;
}
