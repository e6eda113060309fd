/**
 * The memory tier: settled values as bytes, within limits.
 *
 * Held: `bytes` is the sum of the sizes of all entries that have not been let go, dead ones (of a
 * cleared function) included, because their memory is still there. Nothing here takes time
 * proportional to the cache: clearing marks and sweeps later in steps, expiry is noticed when an
 * entry is asked for (and memory that expired entries hold is bounded by `maxSize` like any other),
 * and making room for one entry that takes the place of thousands continues in the next turns of
 * the event loop. Until then, at most one entry exceeds the limit, because a store that is over its
 * limit takes nothing in.
 */

import type { Clock } from '../clock.ts';
import { LeastRecentlyUsed } from '../eviction/lru.ts';
import type { EvictionPolicy } from '../eviction/policy.ts';
import type { Computed } from '../protocol.ts';
import { bytesOf, bytesOfText } from '../values/portable.ts';
import { BOOKKEEPING_BYTES, type Entry, type FunctionRecord } from './entry.ts';
import { ShardedMap } from './sharded-map.ts';

/** Entries let go in one turn of the event loop: well below a millisecond of work. */
const STEP = 500;

export interface StoreLimits {
  /** Entries of the whole pool. */
  readonly max: number;
  /** Bytes of the whole pool. */
  readonly maxSize: number;
  /** Bytes of one entry. */
  readonly maxEntrySize: number;
}

export class Store {
  readonly #entries = new ShardedMap<Entry>();
  readonly #policy: EvictionPolicy<Entry> = new LeastRecentlyUsed();
  readonly #cleared: EvictionPolicy<Entry>[] = [];
  readonly #limits: StoreLimits;
  readonly #clock: Clock;
  #bytes = 0;
  #lastId = 0;
  #workAhead = false;

  constructor(limits: StoreLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Entries held, dead ones included. */
  get size(): number {
    return this.#policy.size;
  }

  /** A hit: the entry, marked as used. */
  get(key: string): Entry | undefined {
    const entry = this.peek(key);
    if (entry) {
      this.#policy.touch(entry.inPool);
      entry.policy.touch(entry.inFunction);
    }
    return entry;
  }

  /** The entry, if it may be served now; leaves the eviction order alone. */
  peek(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.policy !== entry.fn.policy) return undefined;
    if (entry.expiresAt > this.#clock.now()) return entry;
    this.#remove(entry);
    return undefined;
  }

  /** Keeps a value; `undefined` when it is too large, or the store is busy making room. */
  set(fn: FunctionRecord, key: string, computed: Omit<Computed, 'keep'>): Entry | undefined {
    this.delete(key);
    const { value, ttl, ms } = computed;
    const size = bytesOfText(key) + bytesOf(value) + BOOKKEEPING_BYTES;
    if (size > this.#limits.maxEntrySize || fn.info.max === 0 || ttl <= 0) return undefined;
    if (this.#isOver()) return undefined;
    const entry = this.#hold(fn, key, { value, ms, size, expiresAt: this.#clock.now() + ttl });
    this.#makeRoom(fn);
    return entry;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) this.#remove(entry);
  }

  /** Forgets all entries of a function, at once for whoever asks, their memory in steps. */
  clear(fn: FunctionRecord): void {
    if (fn.policy.size === 0) return;
    this.#cleared.push(fn.policy);
    fn.policy = new LeastRecentlyUsed();
    this.#workLater();
  }

  #hold(
    fn: FunctionRecord,
    key: string,
    kept: Pick<Entry, 'value' | 'ms' | 'size' | 'expiresAt'>,
  ): Entry {
    const { policy } = fn;
    const id = ++this.#lastId;
    const entry: Entry = { id, key, fn, policy, ...kept, inPool: unlisted, inFunction: unlisted };
    entry.inPool = this.#policy.add(entry);
    entry.inFunction = policy.add(entry);
    this.#entries.set(key, entry);
    this.#bytes += entry.size;
    fn.counters.bytes += entry.size;
    fn.counters.entries++;
    return entry;
  }

  #remove(entry: Entry): void {
    const { fn, key, size } = entry;
    this.#policy.remove(entry.inPool);
    entry.policy.remove(entry.inFunction);
    this.#entries.delete(key);
    this.#bytes -= size;
    fn.counters.bytes -= size;
    fn.counters.entries--;
  }

  #isOver(): boolean {
    return this.#bytes > this.#limits.maxSize || this.size > this.#limits.max;
  }

  /** Evicts until the limits hold, but no more than a step; the rest later. */
  #makeRoom(fn: FunctionRecord): void {
    if (fn.policy.size > fn.info.max) this.#evict(fn.policy.victim());
    for (let left = STEP; left > 0 && this.#isOver(); left--) this.#evict(this.#policy.victim());
    if (this.#isOver()) this.#workLater();
  }

  #evict(victim: Entry | undefined): void {
    if (!victim) return;
    if (victim.policy === victim.fn.policy) victim.fn.counters.evictions++;
    this.#remove(victim);
  }

  #workLater(): void {
    if (this.#workAhead) return;
    this.#workAhead = true;
    this.#clock.soon(() => {
      this.#workAhead = false;
      this.#work();
    });
  }

  /** One step of sweeping and making room. */
  #work(): void {
    for (let left = STEP; left > 0; left--) {
      const dead = this.#nextDead();
      const next = dead ?? (this.#isOver() ? this.#policy.victim() : undefined);
      if (!next) return;
      this.#evict(next);
    }
    this.#workLater();
  }

  #nextDead(): Entry | undefined {
    while (this.#cleared.length > 0) {
      const dead = this.#cleared[0]?.victim();
      if (dead) return dead;
      this.#cleared.shift();
    }
    return undefined;
  }
}

/** Stands where a handle will be once both eviction orders have the entry. */
const unlisted = {};
