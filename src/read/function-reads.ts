/**
 * How a thread reads the cached values of one function: its near cache, then the arena. Whether a call
 * is a hit is decided here and nowhere else, for every kind of call and on every thread; a value that
 * only the coordinator has (new, large, or in a tier) is found by asking it, after this look-up.
 *
 * `near()` is the common case, one argument and a value that this thread has had lately: a look-up
 * in a `Map`, one atomic load, and a few plain loads and stores. Whatever is added to it is paid by
 * every hit.
 */

import { AsyncResource } from 'node:async_hooks';
import type { ArenaReader } from '../arena/reader.ts';
import type { TagMark } from '../arena/terms.ts';
import type { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
import type { Held } from '../call/side.ts';
import { Codec, type Freshness } from '../protocol.ts';
import { decodeAt } from '../values/decode.ts';
import { type EntryValues, isKept, MISS, type Values } from './entry-values.ts';
import {
  BOUNDS_BYTES,
  type Bounds,
  ENTRY_BYTES,
  NearCache,
  type NearEntry,
  type NearLimits,
} from './near-cache.ts';
import { type Standing, standingOf } from './standing.ts';

const COST_UNITS = 2 ** 14;
/** Made when no caller is there. */
const nowhere = new AsyncResource('threadmemo');
/** A longer text is not held for its value, but looked up by its key, which is short. */
const LONGEST_ARGUMENT = 2 ** 16;

/** What a look-up finds. When nothing, the call has its key, with which to ask the coordinator. */
export type Found =
  | { readonly state: 'hit'; readonly value: unknown }
  /** A hit of which the coordinator is to be told: it is stale, or about to be, or tiers are to keep it longer. */
  | { readonly state: 'due'; readonly value: unknown }
  | { readonly state: 'missed' };

export const MISSED: Found = { state: 'missed' };

/** An entry in shared memory, without its value. */
export interface EntrySight {
  readonly version: number;
  readonly generation: number;
  readonly freshUntil: number;
  readonly isFresh: boolean;
  readonly tags: readonly TagMark[] | undefined;
}

/** What all functions of a thread share. */
export interface ThreadReads {
  readonly reader: ArenaReader;
  readonly limits: NearLimits;
  readonly values: EntryValues;
  /** The coordinator's clock, in milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Milliseconds after which a thread looks again whether a refresh of a stale near entry may be asked for. */
const QUIET_MS = 5;

export class FunctionReads {
  readonly #thread: ThreadReads;
  readonly #reader: ArenaReader;
  readonly #number: number;
  readonly #values: Values;
  readonly #freshness: Freshness | undefined;
  readonly #ttl: number | undefined;
  readonly #hasKeyOption: boolean;
  /** By the only argument, where that alone can stand for the key. */
  readonly #byOne: NearCache<unknown>;
  readonly #byKey: NearCache<string>;
  /** When the entry in the arena was found, if its end was looked at. */
  #foundAt: number = 0;

  /** @param number the coordinator's for the function */
  constructor({ info, options }: Definition, number: number, thread: ThreadReads) {
    const { reader, limits } = thread;
    this.#thread = thread;
    this.#reader = reader;
    this.#number = number;
    this.#values = options.values;
    this.#freshness = info.freshness;
    this.#ttl = info.ttl;
    this.#hasKeyOption = options.key !== undefined;
    this.#byOne = new NearCache(limits);
    this.#byKey = new NearCache(limits);
  }

  /**
   * @param isUse counts a hit as one and as a use of the entry; else the look-up leaves no trace
   * @throws {KeyError}
   */
  look(call: Call, isUse: boolean): Found {
    const { args, limits } = call;
    if (limits.maxAge !== undefined && !this.#isYoung(call.key, limits.maxAge)) return MISSED;
    if (args.length === 1 && !this.#hasKeyOption && standsForKey(args[0])) {
      return this.#lookIn(this.#byOne, args[0], call, isUse);
    }
    return this.#lookIn(this.#byKey, call.key, call, isUse);
  }

  /** The value for one argument, as a hit, if this thread has had it lately; else {@link MISS}. */
  near(arg: unknown): unknown {
    const entry = this.#byOne.young.get(arg);
    if (entry === undefined) return MISS;
    const standing = this.#decided(entry);
    return standing === undefined ? MISS : this.#use(entry, standing);
  }

  /**
   * The same, settled: all callers get the same promise, since to make one takes as long as all the rest. It
   * is made in no caller's asynchronous context, or it would hold on to that.
   */
  nearSettled(arg: unknown): Promise<unknown> | undefined {
    const entry = this.#byOne.young.get(arg);
    if (entry === undefined) return undefined;
    const standing = this.#decided(entry);
    if (standing === undefined) return undefined;
    const value = this.#use(entry, standing);
    entry.promise ??= nowhere.runInAsyncScope(() => Promise.resolve(value));
    return entry.promise;
  }

  /** Holds on to the entry, if it is in shared memory. @throws {KeyError} */
  hold(call: Call): Held | undefined {
    const standing = this.#find(call.key);
    if (standing === 'past') return undefined;
    const entry = this.#entryFound(undefined, 0, this.#boundsFound());
    const { cost: ms } = this.#reader;
    this.#reader.leave();
    const use = (): boolean => {
      const standing = this.#decided(entry);
      if (standing !== undefined) this.#use(entry, standing);
      return standing !== undefined;
    };
    return { ms, use };
  }

  #lookIn<Key>(near: NearCache<Key>, nearKey: Key, call: Call, isUse: boolean): Found {
    const entry = near.young.get(nearKey) ?? near.older(nearKey);
    if (entry !== undefined && this.#isCurrent(entry)) {
      const { bounds } = entry;
      if (bounds === undefined)
        return { state: 'hit', value: isUse ? this.#use(entry, 'fresh') : entry.value };
      const found = this.#lookWithin(bounds, entry, call, isUse);
      if (found !== MISSED) return found;
    }
    return this.#readShared(near, nearKey, call, isUse);
  }

  /** An entry of this thread's that something may have ended. */
  #lookWithin(bounds: Bounds, entry: NearEntry, call: Call, isUse: boolean): Found {
    if (bounds.tags !== undefined && !this.#reader.hold(bounds.tags)) return MISSED;
    const { calmUntil } = bounds;
    const isCalm = calmUntil === Number.POSITIVE_INFINITY;
    const now = isCalm ? 0 : this.#thread.now();
    if (isCalm || now < calmUntil)
      return { state: 'hit', value: isUse ? this.#use(entry, 'fresh') : entry.value };
    if (now >= bounds.markedUntil) return MISSED;
    const standing = standingOf(bounds, now, this.#freshness, this.#thread.random);
    if (standing === 'past') return MISSED;
    const { value } = entry;
    if (!isUse) return { state: 'hit', value };
    this.#use(entry, standing);
    const isDue = standing !== 'fresh' && now >= bounds.quietUntil && this.#asks(bounds, call, now);
    return { state: isDue ? 'due' : 'hit', value };
  }

  /** Whether this thread is to ask for a refresh of an entry of its own: the shared one knows. */
  #asks(bounds: Bounds, call: Call, now: number): boolean {
    const reader = this.#reader;
    bounds.quietUntil = Math.min(now + QUIET_MS, bounds.staleUntil);
    if (!reader.find(this.#number, call.key, now)) return false;
    const asks = reader.hasTerms && reader.mayAsk(now);
    reader.leave();
    return asks;
  }

  #isCurrent({ versionWord, version, generation }: NearEntry): boolean {
    return this.#reader.isCurrent(versionWord, version, this.#number, generation);
  }

  /** How it stands, if it is current and that needs no decision; a stale one while it is quiet. */
  #decided(entry: NearEntry): 'fresh' | 'stale' | undefined {
    if (!this.#isCurrent(entry)) return undefined;
    const { bounds } = entry;
    if (bounds === undefined) return 'fresh';
    if (bounds.tags !== undefined && !this.#reader.hold(bounds.tags)) return undefined;
    const { calmUntil } = bounds;
    if (calmUntil === Number.POSITIVE_INFINITY) return 'fresh';
    const now = this.#thread.now();
    if (now < calmUntil) return 'fresh';
    return now < bounds.quietUntil && now >= bounds.freshUntil ? 'stale' : undefined;
  }

  #use(entry: NearEntry, standing: Standing): unknown {
    const cost = entry.cost / COST_UNITS;
    if (standing === 'stale') this.#reader.countStale(this.#number, true, cost);
    else this.#reader.countHit(this.#number, true, cost);
    this.#reader.mark(entry.markByte);
    return entry.value;
  }

  #readShared<Key>(near: NearCache<Key>, nearKey: Key, call: Call, isUse: boolean): Found {
    const standing = this.#find(call.key);
    if (standing === 'past') return MISSED;
    const reader = this.#reader;
    const { handle, length } = reader;
    try {
      const isTold = isUse && reader.hasTerms && reader.idles && reader.noteUse(this.#thread.now());
      const isStale = isUse && standing !== 'fresh';
      const isDue = (isStale && reader.mayAsk(this.#foundAt)) || isTold;
      // Before the arena is left for bytes that lie beside it.
      const early = reader.external ? this.#boundsFound() : undefined;
      const value = reader.external ? this.#valueBeside() : this.#valueHere();
      if (value === MISS) return MISSED;
      if (isUse) {
        if (standing === 'stale') reader.countStale(this.#number, false, reader.cost);
        else reader.countHit(this.#number, false, reader.cost);
        reader.mark(reader.markByte(handle));
      }
      if (isKept(this.#values, value, length)) {
        const bounds = early ?? (reader.external ? undefined : this.#boundsFound());
        near.set(nearKey, this.#entryFound(value, length + lengthOf(nearKey), bounds));
      }
      return { state: isDue ? 'due' : 'hit', value };
    } finally {
      reader.leave();
    }
  }

  /** Whether there is an entry that was computed at most so many milliseconds ago. */
  #isYoung(argsKey: string, maxAge: number): boolean {
    const reader = this.#reader;
    const now = this.#thread.now();
    if (!reader.find(this.#number, argsKey, now)) return false;
    const { expiresAt, madeAt = expiresAt - (this.#ttl ?? Number.NaN) } = reader;
    reader.leave();
    return now - madeAt <= maxAge;
  }

  /** What the arena has of this key, if it is alive. */
  sight(argsKey: string): EntrySight | undefined {
    const reader = this.#reader;
    const now = this.#thread.now();
    if (!reader.find(this.#number, argsKey, now)) return undefined;
    const { version, generation, hasTerms } = reader;
    const freshUntil = hasTerms ? reader.freshUntil : reader.expiresAt;
    const tags = hasTerms ? reader.tags : undefined;
    reader.leave();
    return { version, generation, freshUntil, isFresh: now < freshUntil, tags };
  }

  /** Whether the arena has no entry of this key that is alive, for certain: see `ArenaReader.moves`. */
  lacks(argsKey: string): boolean {
    const reader = this.#reader;
    const before = reader.moves;
    if (reader.find(this.#number, argsKey, this.#thread.now())) {
      reader.leave();
      return false;
    }
    return before % 2 === 0 && reader.moves === before;
  }

  /** Finds the entry in the arena, where the reader stays until `leave()`, unless it is past. */
  #find(argsKey: string): Standing {
    const reader = this.#reader;
    if (!reader.find(this.#number, argsKey, Number.NEGATIVE_INFINITY)) return 'past';
    // The clock is not free, and many entries never expire.
    if (reader.calmUntil < 0) return 'fresh';
    const now = this.#thread.now();
    this.#foundAt = now;
    if (now < reader.calmUntil) return 'fresh';
    const isAlive = reader.hasTerms && !reader.isIdle(now);
    const standing = isAlive
      ? standingOf(reader, now, this.#freshness, this.#thread.random)
      : 'past';
    if (standing === 'past') reader.leave();
    return standing;
  }

  /** The entry found, as the near cache keeps it. */
  #entryFound(value: unknown, length: number, bounds: Bounds | undefined): NearEntry {
    const reader = this.#reader;
    const { version, generation, cost: ms } = reader;
    const versionWord = reader.versionWord(reader.handle);
    const markByte = reader.markByte(reader.handle);
    const cost = Math.round(ms * COST_UNITS);
    const bytes = ENTRY_BYTES + length + (bounds ? BOUNDS_BYTES : 0);
    const promise = undefined;
    return { version, versionWord, markByte, value, generation, cost, bounds, bytes, promise };
  }

  #boundsFound(): Bounds | undefined {
    const { calmUntil: until, hasTerms, expiresAt, madeAt } = this.#reader;
    if (!hasTerms && until < 0) return undefined;
    const now = hasTerms && this.#reader.idles ? this.#thread.now() : undefined;
    const markedUntil =
      now === undefined ? Number.POSITIVE_INFINITY : this.#reader.markedUntil(now);
    const freshUntil = hasTerms ? this.#reader.freshUntil : expiresAt;
    const calmUntil =
      until < 0
        ? Number.POSITIVE_INFINITY
        : now === undefined
          ? until
          : this.#calmUntil(freshUntil, markedUntil);
    const wallMs = hasTerms ? this.#reader.wallMs : 0;
    const tags = hasTerms ? this.#reader.tags : undefined;
    const { staleWhileRevalidate = 0 } = this.#freshness ?? {};
    const staleUntil = Math.min(expiresAt, markedUntil, freshUntil + staleWhileRevalidate);
    return {
      ...{ calmUntil, freshUntil, expiresAt, madeAt, wallMs, tags, markedUntil, staleUntil },
      quietUntil: 0,
    };
  }

  /** Of an entry of which the arena does not say it, because a look at its terms is due in any case. */
  #calmUntil(freshUntil: number, markedUntil: number): number {
    const isDrawn = this.#freshness !== undefined && this.#freshness.refreshAhead > 0;
    return isDrawn ? 0 : Math.min(freshUntil, markedUntil);
  }

  /** Of the entry found, whose bytes lie in the arena. */
  #valueHere(): unknown {
    const { bytes: memory, start, length, codec } = this.#reader;
    const end = start + length;
    if (this.#values === 'copy' || codec < Codec.buffer)
      return decodeAt(memory, start, end, codec as Codec);
    const id = this.#reader.idFound(this.#number);
    if (id === 0) return MISS;
    const bytes = memory.subarray(start, end);
    return this.#thread.values.of(this.#values, id, { codec: codec as Codec, bytes });
  }

  /** Of the entry found, whose bytes this thread may have, or not. */
  #valueBeside(): unknown {
    const { codec } = this.#reader;
    const id = this.#reader.idFound(this.#number);
    // Nothing in the arena is read any more, and this may take a while.
    this.#reader.leave();
    return id === 0 ? MISS : this.#thread.values.ofLocated(this.#values, id, codec as Codec);
  }
}

function lengthOf(key: unknown): number {
  return typeof key === 'string' ? key.length : 0;
}

/** Whether the argument itself can stand for the key. For a Map, 0 and -0 are the same. */
function standsForKey(arg: unknown): boolean {
  if (typeof arg === 'string') return arg.length <= LONGEST_ARGUMENT;
  return typeof arg === 'number' && arg !== 0;
}
