/**
 * The memory tier: settled values as bytes in the arena, within limits.
 *
 * The arena keeps the bytes and finds them; `holdings.ts` makes room for them. Here is decided what is
 * kept at all. Expiry is noticed when an entry is asked for (the memory of expired entries is bounded by
 * `maxSize` like any other). Room for one entry that takes the place of thousands is made in steps,
 * during which it is found in `awaiting-room.ts`.
 *
 * A number that an entry is known by is in the arena as it is within its turn (`lease-numbers.ts`). So
 * all entries are of one turn: when the first of the next one comes, those that are there are forgotten.
 */

import type { Handle, NewEntry } from '../arena/entries.ts';
import { FUNCTIONS } from '../arena/layout.ts';
import { inCell, TURN, turnOf } from '../arena/lease-numbers.ts';
import type { ArenaUsage } from '../arena/usage.ts';
import { ArenaWriter } from '../arena/writer.ts';
import type { Clock } from '../clock.ts';
import type { Eviction } from '../eviction/policies.ts';
import type { Codec, LastMiss, MissReason, Portable } from '../protocol.ts';
import { toEncoded, toPortableAgain } from '../values/portable.ts';
import { isPrimitive } from '../values/primitive.ts';
import { LARGE } from '../values/shared-memory.ts';
import { AwaitingRoom } from './awaiting-room.ts';
import type { BegunKeys } from './begun.ts';
import { type Departure, Departures, type Leaving, type Limit } from './departures.ts';
import { type Keepable, type Lifetime, lifetimeOf, windowOf } from './entry-terms.ts';
import type { FunctionRecord } from './function-record.ts';
import { Holdings } from './holdings.ts';
import { NotKeptWarnings, type WarnNotKept } from './not-kept.ts';
import type { Part } from './parts.ts';
import { Readers } from './readers.ts';

/** Of `maxSize`, what may wait for room. */
const MOST_AWAITING = 1 / 4;

export interface MemoryLimits {
  /** Entries of the whole pool. */
  readonly max: number;
  /** Bytes of the whole pool. */
  readonly maxSize: number;
  /** Bytes of one entry. */
  readonly maxEntrySize: number;
  /** Default: by cost. */
  readonly eviction?: Eviction;
  /** Of every key is remembered what became of it. */
  readonly explain?: boolean;
}

/** A settled value. */
export interface Peeked {
  /** The lease that has made it, or a number of its own: never used twice in a process. */
  readonly id: number;
  readonly value: Portable;
}

/** The same, as it is kept. */
export interface Entry extends Peeked {
  /** Milliseconds that computing it took. */
  readonly ms: number;
  /** By the clock: until when it is fresh. */
  readonly freshUntil: number;
  /** By the clock: when it is dead. */
  readonly expiresAt: number;
  /** By the clock; `undefined` where that is not known. */
  readonly madeAt: number | undefined;
  /** For computations that track what they use; only where there are such. */
  readonly part?: Part | undefined;
}

/** An entry, as `explain` sees it: by the clock, and in milliseconds. */
interface Sight {
  readonly expiresAt: number;
  readonly freshUntil: number;
  readonly madeAt: number | undefined;
  readonly ms: number;
  readonly bytes: number;
  readonly isMarked: boolean;
  /** It is dead because it was not used. */
  readonly isIdle: boolean;
  /** Marks, see `tags/tags.ts`. */
  readonly marks: readonly string[];
}

export class Memory {
  readonly readers: Readers;
  /** Where threads begin computations without asking; set before anything is kept. */
  begun: BegunKeys | undefined;
  /** Why values are not there. */
  readonly departures: Departures;
  readonly #arena: ArenaWriter;
  readonly #holdings: Holdings;
  readonly #limits: MemoryLimits;
  readonly #clock: Clock;
  readonly #functions: FunctionRecord[] = [];
  /** Made when room has to be made for the first time. */
  #awaiting: AwaitingRoom | undefined;
  readonly #notKept: NotKeptWarnings;
  /** Names what is stored again; without it, what was expired by its tag is forgotten. */
  newId: (() => number) | undefined;
  /** Of entries that were expired and are to be stored again as stale: those that are not, see `#makeStale`. */
  readonly #superseded = new Set<string>();

  constructor(limits: MemoryLimits, clock: Clock, warn: WarnNotKept = () => {}) {
    this.#limits = limits;
    this.#clock = clock;
    this.#notKept = new NotKeptWarnings(warn);
    this.#arena = new ArenaWriter({ maxSize: limits.maxSize });
    this.departures = new Departures(() => clock.now(), limits.explain);
    this.readers = new Readers(this.#arena.share, this.#arena.threads, clock.cells);
    this.readers.explains = limits.explain ?? false;
    this.#holdings = new Holdings({
      arena: this.#arena,
      clock,
      eviction: limits.eviction,
      capacity: limits,
      departures: this.departures,
      functionOf: (number) => this.#functions[number] as FunctionRecord,
      expired: (handle, at) => this.#makeStale(handle, at),
    });
  }

  /** Where the bytes are. */
  usage(): ArenaUsage {
    return this.#arena.usage();
  }

  /** Entries held, dead ones included. */
  get size(): number {
    return this.#holdings.size;
  }

  /** The sum of the sizes of the entries held. */
  get bytes(): number {
    return this.#holdings.bytes;
  }

  /** The entry, marked as used; one that has expired is removed. */
  get(fn: FunctionRecord, key: string): Entry | undefined {
    const handle = this.#arena.find(fn.number, key);
    if (handle === undefined) return this.#awaiting && this.#readAwaiting(fn, key);
    const entry = this.#read(handle);
    if (entry) this.#holdings.touch(handle);
    else this.#holdings.remove(handle, this.#isIdle(handle) ? 'idle' : 'expired');
    return entry;
  }

  /** It is used. @returns whether its records in tiers are to be renewed */
  noteUse(fn: FunctionRecord, key: string): boolean {
    const handle = this.#arena.find(fn.number, key);
    return handle !== undefined && this.#arena.entries.noteUse(handle, this.#clock.now());
  }

  /** When its entry was used last, even if it is dead since; where it is dead unless it is used. */
  lastUse(fn: FunctionRecord, key: string): number | undefined {
    const handle = this.#arena.find(fn.number, key);
    return handle === undefined
      ? undefined
      : this.#arena.entries.lastUse(handle, this.#clock.now());
  }

  /** Whether it is dead because it was not used, and not because of its age. */
  #isIdle(handle: Handle): boolean {
    const { entries } = this.#arena;
    const now = this.#clock.now();
    return entries.expiresAt(handle) > now && entries.isIdle(handle, now);
  }

  /** The entry, unless it is dead. Changes nothing: it is called on any stack, however full. */
  peek(fn: FunctionRecord, key: string): Entry | undefined {
    const handle = this.#arena.find(fn.number, key);
    if (handle !== undefined) return this.#read(handle);
    return this.#awaiting && this.#readAwaiting(fn, key);
  }

  #readAwaiting(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.#awaiting?.get(fn, key);
    if (!entry || entry.expiresAt <= this.#clock.now()) return undefined;
    const value = toPortableAgain({ codec: entry.codec as Codec, bytes: entry.bytes });
    const { expiresAt, madeAt, terms, cost: ms } = entry;
    const freshUntil = terms?.freshUntil ?? expiresAt;
    return { id: this.#idOf(entry.version), value, ms, freshUntil, expiresAt, madeAt };
  }

  /** Room for it is made in steps. */
  #await(fn: FunctionRecord, entry: NewEntry): void {
    this.#awaiting ??= new AwaitingRoom({
      clock: this.#clock,
      begun: this.begun,
      most: this.#limits.maxSize * MOST_AWAITING,
      keep: (each, its) => this.#keep(each, its),
      giveUp: (each, its) => this.#noRoom(each, its.key, its.cost),
    });
    this.#awaiting.add(fn, entry);
  }

  /** Undefined when it has expired. */
  #read(handle: Handle): Entry | undefined {
    const arena = this.#arena;
    const expiresAt = arena.entries.expiresAt(handle);
    if (expiresAt <= this.#clock.now() || this.#isIdle(handle)) return undefined;
    // A buffer of its own never changes; what lies in the arena may be moved.
    const view = arena.entries.bytes(handle);
    const bytes = arena.entries.external(handle) ? view : new Uint8Array(view);
    const value = toPortableAgain({ codec: arena.entries.codec(handle) as Codec, bytes });
    const id = this.#idOf(arena.entries.version(handle));
    const { entries } = arena;
    const freshUntil = entries.freshUntil(handle);
    const madeAt = entries.madeAt(handle);
    return { id, value, ms: entries.cost(handle), freshUntil, expiresAt, madeAt };
  }

  /**
   * Keeps a value, if it can: shared memory as it is, and a copy of other bytes; `id` is the entry's.
   * It is found from now on, also while room for it is being made.
   */
  set(fn: FunctionRecord, key: string, kept: Keepable, id: number): void {
    this.delete(fn, key, 'replaced');
    const { value, ms } = kept;
    const max = Math.min(fn.info.max, this.#limits.max);
    const now = this.#clock.now();
    const life = lifetimeOf(fn, kept, now);
    const { expiresAt, madeAt, terms } = life;
    if (max === 0 || expiresAt <= now) return this.declined(fn, key, ms);
    if (isIdleAt(life, now)) return this.#departs(fn, key, 'idle', ms);
    // Threads may define more than there are numbers for: see `registry.ts`.
    if (fn.number >= FUNCTIONS) return;
    const { codec, bytes } = toEncoded(value);
    const most = Math.min(this.#limits.maxEntrySize, this.#arena.largestEntry);
    const marks = kept.details?.tags;
    const mayBeShared = !isPrimitive(value);
    const size = this.#arena.sizeOf({ bytes, mayBeShared, key, terms, marks });
    if (size > most) return this.#tooLarge(fn, key, ms, size, most);
    if (!this.#isOfTurn(id)) return this.#noRoom(fn, key, ms);
    const version = inCell(id);
    const { number } = fn;
    const entry = {
      fn: number,
      key,
      version,
      codec,
      bytes,
      mayBeShared,
      cost: ms,
      expiresAt,
      madeAt,
      terms,
      marks,
    };
    this.#functions[fn.number] = fn;
    // Large values take turns, so that one does not take the room that was made for another.
    const hasTurn = !this.#awaiting || this.#awaiting.isEmpty || bytes.byteLength < LARGE;
    if (!hasTurn || !this.#keep(fn, entry)) this.#await(fn, entry);
  }

  delete(fn: FunctionRecord, key: string, why: Exclude<Leaving, 'evicted'> = 'invalidated'): void {
    if (this.#arena.hasExpired) this.#superseded.add(nameOf(fn, key));
    else if (this.#superseded.size > 0) this.#superseded.clear();
    this.#awaiting?.remove(fn, key);
    const handle = this.#arena.find(fn.number, key);
    if (handle !== undefined) this.#holdings.remove(handle, why);
    else if (why === 'invalidated' && !this.departures.isEmpty) this.#forgets(fn, key);
  }

  /** A key whose value has gone before. */
  #forgets(fn: FunctionRecord, key: string): void {
    const known = this.departure(fn, key);
    if (known?.reason) this.#departs(fn, key, 'invalidated', known.ms);
  }

  /** A call has found nothing: counts why. */
  missed(fn: FunctionRecord, key: string, isRefresh: boolean): void {
    const { departures } = this;
    if (departures.isEmpty && !departures.explains)
      return fn.misses.add(isRefresh ? 'refresh' : 'never');
    const hash = this.#arena.hashOf(fn.number, key);
    const known = departures.of(fn.number, hash);
    const reason = isRefresh ? 'refresh' : this.reasonOf(fn, known);
    fn.misses.add(reason, known, (limit) => this.#capacity(fn, limit));
    departures.missed(fn.number, hash, reason);
  }

  /** The entry as it is, also one that has expired. Changes nothing. */
  sight(fn: FunctionRecord, key: string): Sight | undefined {
    const handle = this.#arena.find(fn.number, key);
    if (handle === undefined) return this.#sightAwaiting(fn, key);
    const { entries } = this.#arena;
    return {
      expiresAt: entries.expiresAt(handle),
      freshUntil: entries.freshUntil(handle),
      madeAt: this.#cameAt(fn, key),
      ms: entries.cost(handle),
      bytes: entries.bytesTaken(handle),
      isMarked: entries.isMarked(handle),
      isIdle: this.#isIdle(handle),
      marks: this.#arena.marksOf(handle),
    };
  }

  #sightAwaiting(fn: FunctionRecord, key: string): Sight | undefined {
    const entry = this.#awaiting?.get(fn, key);
    if (!entry) return undefined;
    const { expiresAt, terms, madeAt, cost: ms } = entry;
    const bytes = this.#arena.sizeOf(entry);
    const freshUntil = terms?.freshUntil ?? expiresAt;
    const { marks = [] } = entry;
    return { expiresAt, freshUntil, madeAt, ms, bytes, isMarked: false, isIdle: false, marks };
  }

  #cameAt(fn: FunctionRecord, key: string): number | undefined {
    const known = this.departure(fn, key);
    return known && known.reason === undefined ? known.at : undefined;
  }

  /** What is remembered of a key. */
  departure(fn: FunctionRecord, key: string): Departure | undefined {
    return this.departures.of(fn.number, this.#arena.hashOf(fn.number, key));
  }

  /** Why a call finds nothing. A function may have been cleared, and its entries not be swept yet. */
  reasonOf({ clearedAt, info }: FunctionRecord, known: Departure | undefined): MissReason {
    if (!known) return 'never';
    if (known.reason || known.isNever) return known.reason ?? 'never';
    // Its value has come, and is dead without being swept yet: one of its marks was invalidated.
    return known.at <= clearedAt ? 'cleared' : info.tracks ? 'dependency' : 'tag';
  }

  /** With which limit an evicted entry would still be there. */
  roomFor(fn: FunctionRecord, { limit, evictedSince }: Departure): LastMiss['room'] {
    if (!limit) return undefined;
    const atLeast = Math.ceil(this.#capacity(fn, limit) + Math.max(evictedSince, 1));
    return { option: limit === 'maxSize' ? 'maxSize' : 'max', atLeast };
  }

  #capacity(fn: FunctionRecord, limit: Limit): number {
    const { max, maxSize } = this.#limits;
    return limit === 'max' ? fn.info.max : limit === 'maxSize' ? maxSize : max;
  }

  /** Its function's own options want it not to be kept. */
  declined(fn: FunctionRecord, key: string, ms: number): void {
    this.#notKept.declined(fn);
    this.#departs(fn, key, 'not kept', ms);
  }

  #noRoom(fn: FunctionRecord, key: string, ms: number): void {
    this.#notKept.noRoom(fn);
    this.#departs(fn, key, 'not kept', ms);
  }

  #tooLarge(fn: FunctionRecord, key: string, ms: number, size: number, most: number): void {
    this.#notKept.tooLarge(fn, size, most);
    fn.misses.largest = Math.max(fn.misses.largest, size);
    this.#departs(fn, key, 'too large', ms);
  }

  #departs(fn: FunctionRecord, key: string, why: Exclude<Leaving, 'replaced'>, ms: number): void {
    this.departures.left(fn.number, this.#arena.hashOf(fn.number, key), why, ms);
  }

  /** From now on no thread asks for a refresh of the entry before that. */
  askNotBefore(fn: FunctionRecord, key: string, time: number): void {
    const handle = this.#arena.find(fn.number, key);
    if (handle !== undefined) this.#arena.entries.askNotBefore(handle, time);
  }

  /** The tags of an entry. */
  marksOf(fn: FunctionRecord, key: string): readonly string[] {
    const waiting = this.#awaiting?.get(fn, key);
    if (waiting) return waiting.marks ?? [];
    const handle = this.#arena.find(fn.number, key);
    return handle === undefined ? [] : this.#arena.marksOf(handle);
  }

  /** The tags that these cells are of, by cell and what that said; `undefined` for one that is gone. */
  marksIn(cells: readonly number[]): readonly (string | undefined)[] {
    return this.#arena.marksIn(cells);
  }

  /** Unless another entry has taken the place of this one. */
  deleteIf(fn: FunctionRecord, key: string, id: number): void {
    if (this.peek(fn, key)?.id === id) this.delete(fn, key);
  }

  /** Forgets all entries with one of these tags, or without them all that have any; likewise. */
  forgetTags(marks?: readonly string[]): void {
    this.#awaiting?.removeTagged(marks);
    this.#holdings.forgetTags(marks);
  }

  /**
   * All entries with one of these tags are stale from now on, or where no stale value is ever answered,
   * forgotten. Many of them are first dead for every reader, and stale some turns of the event loop later.
   */
  expireTags(marks: readonly string[]): void {
    this.#awaiting?.removeTagged(marks);
    this.#holdings.expireTags(marks);
  }

  /**
   * An entry that was expired at that time, and is dead since, takes the place of itself. Not if its key was
   * invalidated, or had another value, meanwhile: neither has reached the dead entry.
   */
  #makeStale(handle: Handle, at: number): void {
    const { entries } = this.#arena;
    const fn = this.#functions[entries.fn(handle)] as FunctionRecord;
    const key = entries.key(handle);
    const now = this.#clock.now();
    const entry = windowOf(fn.info.freshness) > 0 ? this.#read(handle) : undefined;
    const tags = this.#arena.marksOf(handle);
    const usedAt = entries.lastUse(handle, now);
    this.#holdings.removeTagged(handle);
    if (!entry || !this.newId || this.#superseded.has(nameOf(fn, key))) return;
    const { value, ms, freshUntil, expiresAt, madeAt = now } = entry;
    const ttl = Math.min(freshUntil, at) - now;
    const isEndless = expiresAt === Number.POSITIVE_INFINITY;
    const staleFor = isEndless ? expiresAt : expiresAt - freshUntil;
    const details = { tags };
    const kept = { value, ms, ttl, staleFor, age: now - madeAt, details, usedAt };
    if (lifetimeOf(fn, kept, now).expiresAt > now) this.set(fn, key, kept, this.newId());
  }

  /** Forgets all entries of a function, at once for every reader, their memory in steps. */
  clear(fn: FunctionRecord): void {
    fn.clearedAt = this.#clock.now();
    this.#awaiting?.removeAllOf(fn);
    if (fn.counters.entries > 0) this.#holdings.clear(fn);
  }

  /** The number of an entry that is there. */
  #idOf(version: number): number {
    return this.#arena.turn * TURN + version;
  }

  /** Begins a new turn; false when what was computed comes from one that is over. */
  #isOfTurn(id: number): boolean {
    const turn = turnOf(id);
    if (turn > this.#arena.turn) {
      // All of them: what threads remember of entries that are gone must not seem to be of new ones.
      for (const fn of this.#functions) {
        if (!fn) continue;
        this.#awaiting?.removeAllOf(fn);
        this.#holdings.clear(fn);
      }
      this.#holdings.forgetTags();
      this.#arena.beginTurn(turn);
    }
    return turn === this.#arena.turn;
  }

  /** False when there is no room yet: to be tried again. */
  #keep(fn: FunctionRecord, entry: NewEntry): boolean {
    const holding = this.#holdings.hold(fn, entry);
    const { key, cost } = entry;
    if (holding === 'declined') this.#noRoom(fn, key, cost);
    else if (holding === 'never') {
      const size = this.#arena.sizeOf(entry);
      this.#tooLarge(fn, key, cost, size, this.#arena.largestRecord);
    }
    return holding !== 'later';
  }
}

function nameOf(fn: FunctionRecord, key: string): string {
  return `${fn.number} ${key}`;
}

/** What a refresh replaces was not used for too long, and the refresh is no use. */
function isIdleAt({ terms }: Lifetime, now: number): boolean {
  return terms?.idling !== undefined && now - terms.idling.usedAt >= terms.idling.ms;
}
