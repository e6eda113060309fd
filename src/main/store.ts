/**
 * The memory tier: settled values as bytes in the arena, within limits.
 *
 * The arena keeps the bytes and finds them; here is decided what is kept and what goes. Nothing here
 * takes time proportional to the cache: clearing makes entries dead at once, and sweeps them later
 * in steps; expiry is noticed when an entry is asked for (the memory of expired entries is bounded by
 * `maxSize` like any other); and making room for one entry that takes the place of thousands stops
 * after a step, and the entry is not kept.
 *
 * Threads mark what they use in shared memory, and tell nobody. So the order of use that the policy
 * knows is corrected when a victim is wanted: one that was marked since counts as used just now.
 */

import type { Handle, NewEntry } from '../arena/entries.ts';
import type { ArenaUsage } from '../arena/room.ts';
import { ArenaWriter } from '../arena/writer.ts';
import type { Clock } from '../clock.ts';
import { LeastRecentlyUsed } from '../eviction/lru.ts';
import type { EvictionPolicy } from '../eviction/policy.ts';
import type { Codec, Computed, Portable } from '../protocol.ts';
import { toEncoded, toPortableAgain } from '../values/portable.ts';
import type { FunctionRecord } from './function-record.ts';
import { Readers } from './readers.ts';

/** Entries looked at in one turn of the event loop: well below a millisecond of work. */
const STEP = 500;
/** Steps of collecting dead bytes before another entry has to go. */
const TRIES = 4;

export interface StoreLimits {
  /** Entries of the whole pool. */
  readonly max: number;
  /** Bytes of the whole pool. */
  readonly maxSize: number;
  /** Bytes of one entry. */
  readonly maxEntrySize: number;
}

/** A settled value. */
export interface Peeked {
  /** The lease that has made it, or a number of its own: never used twice in a process. */
  readonly id: number;
  readonly value: Portable;
}

/** The same, as it is kept. */
export interface Entry extends Peeked {
  readonly handle: Handle;
  /** Milliseconds that computing it took. */
  readonly ms: number;
}

export class Store {
  readonly readers: Readers;
  readonly #arena: ArenaWriter;
  readonly #policy: EvictionPolicy = new LeastRecentlyUsed();
  readonly #limits: StoreLimits;
  readonly #clock: Clock;
  readonly #functions: FunctionRecord[] = [];
  #bytes = 0;
  #workAhead = false;
  /** The next handle that may be dead; none when it is past the end. */
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(limits: StoreLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#arena = new ArenaWriter({ maxSize: limits.maxSize });
    this.readers = new Readers(this.#arena.share, this.#arena.threads);
  }

  /** Where the bytes are. */
  usage(): ArenaUsage {
    return this.#arena.usage();
  }

  /** Entries held, dead ones included. */
  get size(): number {
    return this.#policy.size;
  }

  /** The sum of the sizes of the entries held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry, marked as used. */
  get(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.peek(fn, key);
    if (entry) this.#touch(entry.handle);
    return entry;
  }

  /** The entry, if it may be served now; leaves the eviction order alone. */
  peek(fn: FunctionRecord, key: string): Entry | undefined {
    const arena = this.#arena;
    const handle = arena.find(fn.number, key);
    if (handle === undefined) return undefined;
    if (arena.entries.expiresAt(handle) <= this.#clock.now()) {
      this.#remove(handle);
      return undefined;
    }
    // A buffer of its own never changes; what lies in the arena may be moved.
    const view = arena.entries.bytes(handle);
    const bytes = arena.entries.external(handle) ? view : new Uint8Array(view);
    const value = toPortableAgain({ codec: arena.entries.codec(handle) as Codec, bytes });
    return { id: arena.entries.version(handle), handle, value, ms: arena.entries.cost(handle) };
  }

  /** Keeps a value, if it can: shared memory as it is, and a copy of other bytes; `id` is the entry's. */
  set(fn: FunctionRecord, key: string, computed: Computed, id: number): void {
    this.delete(fn, key);
    const { value, ttl, ms } = computed;
    if (fn.info.max === 0 || ttl <= 0) return;
    const { codec, bytes } = toEncoded(value);
    if (bytes.byteLength + key.length > this.#limits.maxEntrySize) return;
    const expiresAt = this.#clock.now() + ttl;
    const shape = { fn: fn.number, key, version: id, codec, bytes, expiresAt, cost: ms };
    const handle = this.#add(shape);
    if (handle === undefined) return;
    this.#functions[fn.number] = fn;
    this.#hold(fn, handle);
    if (this.#arena.entries.bytesTaken(handle) > this.#limits.maxEntrySize)
      return this.#remove(handle);
    if (fn.policy && fn.policy.size > fn.info.max) this.#evict(fn.policy);
    if (this.size > this.#limits.max) this.#evict(this.#policy);
  }

  delete(fn: FunctionRecord, key: string): void {
    const handle = this.#arena.find(fn.number, key);
    if (handle !== undefined) this.#remove(handle);
  }

  /** Unless another entry has taken the place of this one. */
  deleteIf(fn: FunctionRecord, key: string, id: number): void {
    if (this.peek(fn, key)?.id === id) this.delete(fn, key);
  }

  /** Forgets all entries of a function, at once for whoever asks, their memory in steps. */
  clear(fn: FunctionRecord): void {
    if (fn.counters.entries === 0) return;
    this.#arena.raiseGeneration(fn.number);
    this.#sweepAt = 0;
    this.#sweepLater();
  }

  /** Evicts as long as that makes room, but no more than a step. */
  #add(entry: NewEntry): Handle | undefined {
    const arena = this.#arena;
    for (let left = STEP; left > 0; left--) {
      const handle = arena.add(entry);
      if (handle !== undefined || arena.refusal === 'never') return handle;
      // A thread is reading what could be used: to evict more would not help, nor may we wait.
      if (arena.refusal === 'waiting') return undefined;
      // Collecting what is dead may be enough; where it is not quickly, one entry less is.
      const collects = arena.refusal === 'behind' && left % TRIES !== 0 && arena.tidy();
      if (!collects && !this.#evict(this.#policy)) return undefined;
    }
    return undefined;
  }

  #hold(fn: FunctionRecord, handle: Handle): void {
    const size = this.#arena.entries.bytesTaken(handle);
    this.#policy.add(handle);
    fn.policy?.add(handle);
    this.#bytes += size;
    fn.counters.bytes += size;
    fn.counters.entries++;
  }

  #remove(handle: Handle): void {
    const fn = this.#functionOf(handle);
    const size = this.#arena.entries.bytesTaken(handle);
    this.#policy.remove(handle);
    fn.policy?.remove(handle);
    this.#bytes -= size;
    fn.counters.bytes -= size;
    fn.counters.entries--;
    this.#arena.remove(handle);
  }

  #touch(handle: Handle): void {
    this.#policy.touch(handle);
    this.#functionOf(handle).policy?.touch(handle);
  }

  /** False when there is nothing to remove. */
  #evict(policy: EvictionPolicy): boolean {
    const victim = this.#victim(policy);
    if (victim === undefined) return false;
    if (!this.#arena.entries.isDead(victim)) this.#functionOf(victim).counters.evictions++;
    this.#remove(victim);
    return true;
  }

  #victim(policy: EvictionPolicy): Handle | undefined {
    for (let left = STEP; left > 0; left--) {
      const victim = policy.victim();
      if (victim === undefined || !this.#arena.entries.takeMark(victim)) return victim;
      this.#touch(victim);
    }
    return policy.victim();
  }

  #functionOf(handle: Handle): FunctionRecord {
    return this.#functions[this.#arena.entries.fn(handle)] as FunctionRecord;
  }

  #sweepLater(): void {
    if (this.#workAhead) return;
    this.#workAhead = true;
    this.#clock.soon(() => {
      this.#workAhead = false;
      this.#sweep();
    });
  }

  /** Removes dead entries, a step at a time. */
  #sweep(): void {
    const end = Math.min(this.#sweepAt + STEP, this.#arena.handles);
    for (; this.#sweepAt < end; this.#sweepAt++) {
      const handle = this.#sweepAt;
      if (this.#arena.entries.has(handle) && this.#arena.entries.isDead(handle))
        this.#remove(handle);
    }
    if (this.#sweepAt < this.#arena.handles) this.#sweepLater();
  }
}
