/**
 * What this thread has in its own memory: values that it has decoded already.
 *
 * Only values that every caller may have are here: primitives, and the frozen objects of functions
 * with `values: 'frozen'`. A value is served while the arena says, by one atomic load, that the
 * entry it is of is still there. So nothing here must ever be told of an invalidation.
 *
 * Two generations of maps stand for an order of use: what is used moves to the younger one; when
 * that holds half of what is allowed, it becomes the older one, and what was in that is dropped.
 * This is exact enough, and costs a hit nothing.
 */

import { getHeapStatistics } from 'node:v8';

export interface NearEntry {
  /** With the handle, it names the entry: see `arena/`. */
  readonly version: number;
  readonly handle: number;
  /** Of its function, when it was stored. */
  readonly generation: number;
  /** On the coordinator's clock. */
  readonly expiresAt: number;
  /** Milliseconds that it took to compute. */
  readonly cost: number;
  readonly value: unknown;
  /** About what it takes. */
  readonly bytes: number;
}

/** Most entries, and most bytes, of one thread. */
const MAX_ENTRIES = 20_000;
const MAX_BYTES = 16 * 2 ** 20;
/** From here on the thread is short of memory, and the cache is emptied instead of turned. */
const HEAP_FULL = 0.8;

/** How old the maps are, and what they hold: shared by all functions of a thread. */
export class NearLimits {
  turn = 0;
  entries = 0;
  bytes = 0;
  /** Of the older generation. */
  #before = { entries: 0, bytes: 0 };
  readonly #changed: (entries: number, bytes: number) => void;

  /** @param changed hears of how many entries, and bytes, there are now. */
  constructor(changed: (entries: number, bytes: number) => void) {
    this.#changed = changed;
  }

  added(bytes: number): void {
    this.entries++;
    this.bytes += bytes;
    if (this.entries * 2 > MAX_ENTRIES || this.bytes * 2 > MAX_BYTES) this.#turn();
    this.#changed(this.entries + this.#before.entries, this.bytes + this.#before.bytes);
  }

  #turn(): void {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const isFull = used > limit * HEAP_FULL;
    this.turn += isFull ? 2 : 1;
    this.#before = isFull ? { entries: 0, bytes: 0 } : { entries: this.entries, bytes: this.bytes };
    this.entries = 0;
    this.bytes = 0;
  }
}

/** The near entries of one function, by its one primitive argument, or else by key. */
export class NearCache<Key> {
  readonly #limits: NearLimits;
  #young = new Map<Key, NearEntry>();
  #old = new Map<Key, NearEntry>();
  #turn = 0;

  constructor(limits: NearLimits) {
    this.#limits = limits;
  }

  get(key: Key): NearEntry | undefined {
    if (this.#turn !== this.#limits.turn) this.#catchUp();
    return this.#young.get(key) ?? this.#again(key);
  }

  set(key: Key, entry: NearEntry): void {
    if (this.#turn !== this.#limits.turn) this.#catchUp();
    const isNew = !this.#young.has(key);
    this.#young.set(key, entry);
    if (isNew) this.#limits.added(entry.bytes);
  }

  #again(key: Key): NearEntry | undefined {
    const entry = this.#old.get(key);
    if (entry) this.set(key, entry);
    return entry;
  }

  #catchUp(): void {
    const missed = this.#limits.turn - this.#turn;
    this.#turn = this.#limits.turn;
    this.#old = missed === 1 ? this.#young : new Map();
    this.#young = new Map();
  }
}
