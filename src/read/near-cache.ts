/**
 * What this thread has in its own memory: values that it has decoded already.
 *
 * Only values that every caller may have are here: primitives, the frozen objects of functions with
 * `values: 'frozen'`, and the views of functions with `values: 'shared'`. A value is served while the
 * arena says, by one atomic load, that the entry it is of is still there. So nothing here must ever
 * be sent an invalidation.
 *
 * Two generations of maps stand for an order of use: what is used moves to the younger one; when
 * that holds half of what is allowed, it becomes the older one, and what was in that is dropped.
 * This is exact enough, and costs a hit nothing.
 */

import { getHeapStatistics } from 'node:v8';
import type { TagMark } from '../arena/terms.ts';
import type { Ends } from './standing.ts';

/** What every hit reads stands first, and nothing in it is a number that V8 would box. */
export interface NearEntry {
  readonly version: number;
  /** Where the arena says which version there is, and that it was used: see `arena/reader.ts`. */
  readonly versionWord: number;
  readonly markByte: number;
  readonly value: unknown;
  /** Of its function, when it was stored. */
  readonly generation: number;
  /** What it took to compute, in 2^-14 ms. */
  readonly cost: number;
  /** `undefined` for what is served as long as it is current. */
  readonly bounds: Bounds | undefined;
  /** About what it takes. */
  readonly bytes: number;
  /** What awaiting callers get, once there was one. */
  promise: Promise<unknown> | undefined;
}

/** What may end an entry, or ask for a refresh of it. Times are in milliseconds on the coordinator's clock. */
export interface Bounds extends Ends {
  /** Until then it is served without a further look. */
  readonly calmUntil: number;
  readonly madeAt: number | undefined;
  readonly tags: readonly TagMark[] | undefined;
  /** Until then a use leaves its mark only: after that the shared entry is to know of it (`tti`). */
  readonly markedUntil: number;
  /** When a stale one may not be answered any more, or the shared entry is to know of the use. */
  readonly staleUntil: number;
  /** Until then, and not after `staleUntil`, this thread does not look again whether a refresh may be asked for. */
  quietUntil: number;
}

/** About what an entry takes beside its value, with its promise. */
export const ENTRY_BYTES = 200;
export const BOUNDS_BYTES = 160;
/** Most entries, and most bytes, of one thread. */
const MAX_ENTRIES = 20_000;
const MAX_BYTES = 16 * 2 ** 20;
/** From here on the thread is short of memory, and the cache is emptied instead of turned. */
const HEAP_FULL = 0.8;

/** What the caches of all functions of a thread hold, and when they turn. */
export class NearLimits {
  readonly #caches: { age(): void }[] = [];
  readonly #changed: (entries: number, bytes: number) => void;
  #entries = 0;
  #bytes = 0;
  /** Of the older generation. */
  #entriesBefore = 0;
  #bytesBefore = 0;

  /** @param changed called with how many entries, and bytes, there are more than before. */
  constructor(changed: (entries: number, bytes: number) => void) {
    this.#changed = changed;
  }

  join(cache: { age(): void }): void {
    this.#caches.push(cache);
  }

  added(bytes: number): void {
    this.#entries++;
    this.#bytes += bytes;
    this.#changed(1, bytes);
    if (this.#entries * 2 > MAX_ENTRIES || this.#bytes * 2 > MAX_BYTES) this.#turn();
  }

  #turn(): void {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    this.#age();
    if (used > limit * HEAP_FULL) this.#age();
  }

  #age(): void {
    for (const cache of this.#caches) cache.age();
    this.#changed(-this.#entriesBefore, -this.#bytesBefore);
    this.#entriesBefore = this.#entries;
    this.#bytesBefore = this.#bytes;
    this.#entries = 0;
    this.#bytes = 0;
  }
}

/** For example the near entries of one function, by its one primitive argument, or else by key. */
export class NearCache<Key, Entry extends { readonly bytes: number } = NearEntry> {
  /** What was used since the last turn. For reading. */
  young: Map<Key, Entry> = new Map();
  #old = new Map<Key, Entry>();
  readonly #limits: NearLimits;

  constructor(limits: NearLimits) {
    this.#limits = limits;
    limits.join(this);
  }

  get(key: Key): Entry | undefined {
    return this.young.get(key) ?? this.older(key);
  }

  set(key: Key, entry: Entry): void {
    const { size } = this.young;
    this.young.set(key, entry);
    if (this.young.size > size) this.#limits.added(entry.bytes);
  }

  /** What is young becomes old, and what was old is dropped. */
  age(): void {
    this.#old = this.young;
    this.young = new Map();
  }

  /** What is not young, which it is from now on. */
  older(key: Key): Entry | undefined {
    const entry = this.#old.get(key);
    if (entry) this.set(key, entry);
    return entry;
  }
}
