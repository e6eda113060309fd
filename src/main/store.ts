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
import { keyOf } from '../registry.ts';
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
  readonly #limits: StoreLimits;
  readonly #clock: Clock;
  #bytes = 0;
  #workAhead = false;
  /** Shards that are still to be searched for dead entries. */
  #toSweep = 0;

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
  get(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.peek(fn, key);
    if (!entry) return undefined;
    this.#policy.touch(entry.inPool);
    if (entry.inFunction) entry.fn.policy?.touch(entry.inFunction);
    return entry;
  }

  /** The entry, if it may be served now; leaves the eviction order alone. */
  peek(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.#entries.get(keyOf(fn.info.id, key));
    if (!entry || isDead(entry)) return undefined;
    const { expiresAt } = entry;
    if (expiresAt === Number.POSITIVE_INFINITY || expiresAt > this.#clock.now()) return entry;
    this.#remove(entry);
    return undefined;
  }

  /** Keeps a value; `undefined` when it is too large, or the store is busy making room. */
  set(fn: FunctionRecord, key: string, computed: Computed, id: number): Entry | undefined {
    this.delete(fn, key);
    const { value, ttl, ms } = computed;
    const size = bytesOfText(key) + bytesOf(value) + BOOKKEEPING_BYTES;
    if (size > this.#limits.maxEntrySize || fn.info.max === 0 || ttl <= 0) return undefined;
    if (this.#isOver()) return undefined;
    const forGood = ttl === Number.POSITIVE_INFINITY;
    const entry: Entry = {
      id,
      key: keyOf(fn.info.id, key),
      fn,
      generation: fn.generation,
      value,
      expiresAt: forGood ? ttl : this.#clock.now() + ttl,
      ms,
      size,
      inPool: unlisted,
      inFunction: undefined,
    };
    this.#hold(entry);
    this.#makeRoom(fn);
    return entry;
  }

  delete(fn: FunctionRecord, key: string): void {
    const entry = this.#entries.get(keyOf(fn.info.id, key));
    if (entry) this.#remove(entry);
  }

  /** Forgets all entries of a function, at once for whoever asks, their memory in steps. */
  clear(fn: FunctionRecord): void {
    fn.generation++;
    if (fn.counters.entries === 0) return;
    this.#toSweep = this.#entries.shards;
    this.#workLater();
  }

  #hold(entry: Entry): void {
    const { fn, key, size } = entry;
    entry.inPool = this.#policy.add(entry);
    entry.inFunction = fn.policy?.add(entry);
    this.#entries.set(key, entry);
    this.#bytes += size;
    fn.counters.bytes += size;
    fn.counters.entries++;
  }

  #remove(entry: Entry): void {
    const { fn, key, size } = entry;
    this.#policy.remove(entry.inPool);
    if (entry.inFunction) fn.policy?.remove(entry.inFunction);
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
    if (fn.policy && fn.policy.size > fn.info.max) this.#evict(fn.policy.victim());
    for (let left = STEP; left > 0 && this.#isOver(); left--) this.#evict(this.#policy.victim());
    if (this.#isOver()) this.#workLater();
  }

  #evict(victim: Entry | undefined): void {
    if (!victim) return;
    if (!isDead(victim)) victim.fn.counters.evictions++;
    this.#remove(victim);
  }

  #workLater(): void {
    if (this.#workAhead) return;
    this.#workAhead = true;
    this.#clock.soon(() => {
      this.#workAhead = false;
      this.#sweep();
      for (let left = STEP; left > 0 && this.#isOver(); left--) this.#evict(this.#policy.victim());
      if (this.#toSweep > 0 || this.#isOver()) this.#workLater();
    });
  }

  /** Searches shards for dead entries, until it has seen enough of them for one turn. */
  #sweep(): void {
    for (let seen = 0; this.#toSweep > 0 && seen < STEP; ) {
      for (const entry of this.#entries.shard(--this.#toSweep)) {
        seen++;
        if (isDead(entry)) this.#remove(entry);
      }
    }
  }
}

function isDead({ generation, fn }: Entry): boolean {
  return generation !== fn.generation;
}

/** Stands where a handle will be once the eviction order has the entry. */
const unlisted = {};
