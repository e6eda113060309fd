/**
 * The entries that memory holds, within its limits: how room is made for one more, and what each of
 * them adds to the counters.
 *
 * Nothing here takes time in proportion to the cache: an entry that needs the place of thousands is
 * tried again, a step at a time; and clearing makes entries dead at once, which are swept later in steps.
 */

import type { Handle, NewEntry } from '../arena/entries.ts';
import type { ArenaWriter } from '../arena/writer.ts';
import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import { type EvictEvent, evictions } from '../events/channels.ts';
import { tagOf } from '../tags/tags.ts';
import type { Departures, Leaving, Limit } from './departures.ts';
import type { FunctionRecord } from './function-record.ts';
import { Victims, type VictimsParts } from './victims.ts';

/** Entries looked at in one turn of the event loop: well below a millisecond of work. */
const STEP = 500;
/** Milliseconds after which a step ends in any case: collecting what is dead may take longer. */
const STEP_MS = 2;
/** Steps of collecting dead bytes before another entry has to go. */
const TRIES = 4;

/** What became of an entry: not held `later` until another try, `never`, or `declined` as worth less. */
export type Holding = 'held' | 'later' | 'declined' | 'never';

export class Holdings {
  readonly #arena: ArenaWriter;
  readonly #clock: Clock;
  readonly #max: number;
  readonly #functionOf: (number: number) => FunctionRecord;
  readonly #victims: Victims;
  readonly #departures: Departures | undefined;
  readonly #expired: VictimsParts['expired'];
  #bytes = 0;
  #isSweepAhead = false;
  /** The next handle that may be dead; none when it is past the end. */
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(parts: VictimsParts) {
    this.#arena = parts.arena;
    this.#clock = parts.clock;
    this.#max = parts.capacity.max;
    this.#functionOf = parts.functionOf;
    this.#departures = parts.departures;
    this.#expired = parts.expired;
    this.#victims = new Victims(parts);
  }

  /** Entries held, dead ones included. */
  get size(): number {
    return this.#victims.size;
  }

  /** The sum of the sizes of the entries held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The key must not be held. */
  hold(fn: FunctionRecord, entry: NewEntry): Holding {
    const added = this.#add(entry);
    if (typeof added !== 'number') return added;
    this.#admit(fn, added);
    return 'held';
  }

  /** The entry was used. */
  touch(handle: Handle): void {
    this.#victims.touch(handle);
  }

  /** For another reason than to make room. */
  remove(handle: Handle, why: Exclude<Leaving, 'evicted'>): void {
    const { entries } = this.#arena;
    const fn = entries.fn(handle);
    const [hash, cost] = [entries.hash(handle), entries.cost(handle)];
    if (why === 'cleared') this.#departures?.swept(fn, hash, cost, this.#functionOf(fn).clearedAt);
    else if (why !== 'replaced') this.#departures?.left(fn, hash, why, cost);
    this.#take(handle, 'remove');
  }

  /** One that is dead because of a mark. */
  removeTagged(handle: Handle): void {
    const mark = this.#arena.deadMarkOf(handle);
    this.remove(handle, mark === undefined || tagOf(mark) !== undefined ? 'tag' : 'dependency');
  }

  #take(handle: Handle, why: 'evict' | 'remove'): void {
    const { entries } = this.#arena;
    const { counters } = this.#functionOf(entries.fn(handle));
    const size = entries.bytesTaken(handle);
    this.#victims.take(handle, why);
    this.#bytes -= size;
    if (!entries.isCleared(handle)) {
      counters.bytes -= size;
      counters.entries--;
    }
    this.#arena.remove(handle);
  }

  /** All entries of the function are dead at once for every reader; they are removed in steps. */
  clear(fn: FunctionRecord): void {
    this.#arena.raiseGeneration(fn.number);
    fn.counters.entries = 0;
    fn.counters.bytes = 0;
    this.#sweepAt = 0;
    this.#sweepLater();
  }

  /**
   * All entries with one of these tags, or without them all that have any, are dead at once for every
   * reader; they are removed in steps, and counted until then.
   */
  forgetTags(marks?: readonly string[]): void {
    let some = false;
    if (!marks) some = this.#arena.invalidateTags();
    for (const mark of marks ?? []) some = this.#arena.invalidateTag(mark) || some;
    if (some) this.#sweepLater();
  }

  /**
   * The same, but those that are expired rather than removed are found again when they were: a step of
   * them when this returns.
   */
  expireTags(marks: readonly string[]): void {
    const now = this.#clock.now();
    let some = false;
    for (const mark of marks) some = this.#arena.expireTag(mark, now) || some;
    if (some && !this.#sweepTagged()) this.#sweepLater();
  }

  /** Evicts as long as that makes room, but no more than a step. */
  #add(entry: NewEntry): Handle | Exclude<Holding, 'held'> {
    const arena = this.#arena;
    const bytes = arena.sizeOf(entry);
    let end = 0;
    for (let left = STEP; left > 0; left--) {
      const handle = arena.add(entry);
      if (handle !== undefined) return handle;
      if (arena.refusal === 'never') return 'never';
      // A thread is reading what could be used: to evict more would not help, nor may we wait.
      if (arena.refusal === 'waiting') return 'later';
      // Of keys that were made to have one hash, only they themselves pay.
      if (arena.refusal === 'crowded') {
        this.#evict(arena.crowding, 'maxSize');
        continue;
      }
      // Collecting what is dead may be enough; where it is not quickly, one entry less is.
      const collects = arena.refusal === 'behind' && left % TRIES !== 0 && arena.tidy();
      if (!collects) {
        if (this.#victims.declines(entry, bytes)) return 'declined';
        if (!this.#evict(this.#victims.next(bytes), 'maxSize')) return 'later';
      }
      end ||= this.#clock.now() + STEP_MS;
      if (this.#clock.now() > end) return 'later';
    }
    return 'later';
  }

  /** The entry is in no order of use before there is room in it: it is never its own victim. */
  #admit(fn: FunctionRecord, handle: Handle): void {
    const size = this.#arena.entries.bytesTaken(handle);
    this.#evict(this.#victims.nextOf(fn, size), 'max');
    if (this.size >= this.#max) this.#evict(this.#victims.next(size), 'pool max');
    this.#victims.add(fn, handle);
    const { entries } = this.#arena;
    this.#departures?.came(fn.number, entries.hash(handle), entries.cost(handle));
    this.#bytes += size;
    fn.counters.bytes += size;
    fn.counters.entries++;
  }

  /** False when there is nothing to remove. */
  #evict(victim: Handle | undefined, limit: Limit): boolean {
    if (victim === undefined) return false;
    const { entries } = this.#arena;
    if (entries.isCleared(victim)) this.remove(victim, 'cleared');
    else if (entries.isDead(victim)) this.removeTagged(victim);
    else this.#evictLive(victim, limit);
    return true;
  }

  #evictLive(victim: Handle, limit: Limit): void {
    const { entries } = this.#arena;
    const fn = entries.fn(victim);
    const { counters, info } = this.#functionOf(fn);
    counters.evictions++;
    counters.evictedFor[limit]++;
    if (evictions.hasSubscribers) this.#tell(info.id, victim, limit);
    const size = limit === 'maxSize' ? entries.bytesTaken(victim) : 1;
    this.#departures?.evicted(fn, entries.hash(victim), entries.cost(victim), limit, size);
    this.#take(victim, 'evict');
  }

  #tell(functionId: string, victim: Handle, reason: Limit): void {
    const { entries } = this.#arena;
    const key = keyOf(functionId, entries.key(victim));
    const bytes = entries.bytesTaken(victim);
    const event: EvictEvent = { functionId, key, bytes, reason };
    evictions.publish(event);
  }

  #sweepLater(): void {
    if (this.#isSweepAhead) return;
    this.#isSweepAhead = true;
    this.#clock.soon(() => {
      this.#isSweepAhead = false;
      this.#sweep();
    });
  }

  /** Removes dead entries, a step at a time. */
  #sweep(): void {
    const { entries, handles } = this.#arena;
    if (!this.#sweepTagged()) return this.#sweepLater();
    const end = Math.min(this.#sweepAt + STEP, handles);
    for (; this.#sweepAt < end; this.#sweepAt++) {
      if (entries.has(this.#sweepAt) && entries.isCleared(this.#sweepAt))
        this.remove(this.#sweepAt, 'cleared');
    }
    if (this.#sweepAt < handles) this.#sweepLater();
  }

  /** A step; true when there are none any more. */
  #sweepTagged(): boolean {
    const until = this.#clock.now() + STEP_MS;
    for (let left = STEP; left > 0 && this.#clock.now() <= until; left--) {
      const dead = this.#arena.deadByTag;
      if (dead === undefined) return true;
      const expiredAt = this.#arena.expiredAt(dead);
      if (expiredAt === undefined || !this.#expired) this.removeTagged(dead);
      else this.#expired(dead, expiredAt);
    }
    return this.#arena.deadByTag === undefined;
  }
}
