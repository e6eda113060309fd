/**
 * The table as a thread reads it: without locks, without messages, without allocating.
 *
 * `find()` enters an epoch and stays in it when it has found the entry, so that the bytes stay what
 * they are until `leave()`: copy or decode them in between, and do nothing else there, because
 * memory that is waited for is not used meanwhile. Of the loads that `find()` makes, two must be
 * atomic, the directory cell and the slot of the entry (`layout.ts` says why); the others are
 * ordered by these, and plain loads cost a sixth. Everything it needs is in fields of typed arrays
 * over the one buffer, and the loop calls nothing but the comparison of keys.
 */

import { markAt, versionAt } from './handle-table.ts';
import {
  type ArenaShare,
  COUNTED_FUNCTIONS,
  countersAt,
  directoryAt,
  epochAt,
  generationsAt,
  HIT_COLUMNS,
  hitsAt,
  movesAt,
  turnAt,
} from './layout.ts';
import { TURN } from './lease-numbers.ts';
import { PackedKey } from './packed-key.ts';
import {
  COST,
  DEAD_AT,
  ENTRY_BYTES,
  EXPIRES,
  EXTERNAL,
  endIn,
  entryBytes,
  FRESH_UNTIL,
  FUNCTION_AT,
  GENERATION,
  HANDLE,
  HASH,
  KEY,
  keyWord,
  MADE_AT,
  NEVER,
  SHAPE,
  TAGGED,
  TAGS,
  TERMS,
  tagWord,
  VALUE,
  VERSION,
  WALL,
} from './record.ts';
import { idles, isIdle, markedUntil, mayAsk, noteUse, type TagMark, tagsHold } from './terms.ts';
import { Views } from './views.ts';

export class ArenaReader {
  /** Of the entry found. */
  handle = 0;
  /** With the handle, it names this entry and no other. */
  version = 0;
  /** The generation of its function in which it was stored. */
  generation = 0;
  codec = 0;
  /** True when the value has a buffer of its own, which the writer has; then only `length` is set. */
  external = false;
  /** Where the value begins in `bytes`; a multiple of 8. */
  start = 0;
  length = 0;
  /**
   * Until when it is served without a further look, in milliseconds on the writer's clock; negative for
   * ever. Without terms that is its end.
   */
  calmUntil = 0;
  /** Whether it has terms (`terms.ts`), which are to be looked at after that. */
  hasTerms = false;
  /** Milliseconds that it took to compute. */
  cost = 0;
  /** The whole arena. */
  readonly bytes: Buffer<SharedArrayBuffer>;

  readonly #memory: Views;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  readonly #key: PackedKey;
  readonly #epochAt: number;
  readonly #counters: number;
  readonly #hits: number;
  readonly #top: number;
  readonly #directoryShift: number;
  readonly #pageBits: number;
  readonly #pageMask: number;
  readonly #unitBits: number;
  readonly #unitMask: number;
  readonly #longestKey: number;
  #epoch: number;
  /** Of the entry found, where its terms are. */
  #terms = 0;

  readonly #moreHits: Float64Array[] = [];
  readonly #moreColumns: (fn: number) => Float64Array;

  /** @param moreColumns where the hits are counted of a function for which the arena has no columns */
  constructor(
    { buffer, layout }: ArenaShare,
    slot: number,
    moreColumns: (fn: number) => Float64Array = () => new Float64Array(HIT_COLUMNS),
  ) {
    this.#moreColumns = moreColumns;
    this.#memory = new Views(buffer);
    const { words, floats, doubles, bytes } = this.#memory;
    this.bytes = bytes;
    this.#words = words;
    this.#floats = floats;
    this.#doubles = doubles;
    this.#key = new PackedKey(layout.seed);
    this.#epochAt = epochAt(slot);
    this.#counters = countersAt(slot);
    this.#hits = hitsAt(slot);
    this.#top = layout.bytes / 4;
    this.#directoryShift = 32 - layout.directoryBits;
    this.#pageBits = layout.pageBits;
    this.#pageMask = (1 << layout.pageBits) - 1;
    this.#unitBits = layout.unitBits;
    this.#unitMask = (1 << layout.unitBits) - 1;
    this.#longestKey = layout.largestRecord;
    this.#epoch = Atomics.load(words, this.#epochAt);
  }

  /**
   * Looks for an entry that is alive at `now`. When it is there, its fields are set, and the caller
   * is inside an epoch until it calls `leave()`; a `find()` before that only moves on.
   */
  find(fn: number, key: string, now: number): boolean {
    if (key.length > this.#longestKey) return false;
    const words = this.#words;
    const packed = this.#key;
    const hash = packed.pack(fn, key);
    // Odd, and another number than before, wherever an exception may have left us.
    this.#epoch = (this.#epoch + 1) | 1 | 0;
    Atomics.store(words, this.#epochAt, this.#epoch);
    const page = Atomics.load(words, directoryAt + (hash >>> this.#directoryShift));
    const mask = this.#pageMask;
    const unitBits = this.#unitBits;
    const tag = (hash >>> this.#pageBits) << unitBits;
    let at = hash & mask;
    // Slots may move while we look, so it is not certain that we come to an empty one.
    for (let left = page === 0 ? -1 : mask; left >= 0; left--) {
      const slot = words[page + at] as number;
      if (slot === 0) break;
      if ((slot ^ tag) >>> unitBits === 0) {
        // Loaded again to be ordered after the store of this very entry, whichever it is now.
        const unit = Atomics.load(words, page + at) & this.#unitMask;
        const record = unit * 2;
        if (
          unit !== 0 &&
          words[record + HASH] === hash &&
          words[record + KEY] === packed.length &&
          this.#isOf(record, fn)
        ) {
          const external = ((words[record + SHAPE] as number) & EXTERNAL) !== 0;
          const length = words[record + VALUE] as number;
          if (packed.equals(words, record + keyWord(external ? 0 : length))) {
            return this.#found(unit, external, length, now);
          }
        }
      }
      at = (at + 1) & mask;
    }
    this.leave();
    return false;
  }

  /**
   * Odd while entries are moved within a page of the index, and another number after that: what was not
   * found meanwhile may be there.
   */
  get moves(): number {
    return Atomics.load(this.#words, movesAt);
  }

  #isOf(record: number, fn: number): boolean {
    const words = this.#words;
    return (
      (words[record + SHAPE] as number) >> FUNCTION_AT === fn &&
      words[record + GENERATION] === words[generationsAt + fn]
    );
  }

  #found(unit: number, external: boolean, length: number, now: number): boolean {
    const words = this.#words;
    const record = unit * 2;
    const shape = words[record + SHAPE] as number;
    this.calmUntil = this.#doubles[unit + EXPIRES] as number;
    this.hasTerms = (shape & TERMS) !== 0;
    if (this.hasTerms ? !this.#termsHold(record, shape, now) : endIn(this.calmUntil) <= now) {
      this.leave();
      return false;
    }
    this.handle = words[record + HANDLE] as number;
    this.version = words[record + VERSION] as number;
    this.generation = words[record + GENERATION] as number;
    this.codec = shape & 0xff;
    this.external = external;
    this.start = unit * 8 + ENTRY_BYTES;
    this.length = length;
    this.cost = this.#floats[record + COST] as number;
    return true;
  }

  /** Whether it is alive by what few entries have. */
  #termsHold(record: number, shape: number, now: number): boolean {
    const words = this.#words;
    const inline = (shape & EXTERNAL) !== 0 ? 0 : (words[record + VALUE] as number);
    this.#terms = record + entryBytes(inline, (words[record + KEY] as number) >> 1) / 4;
    this.handle = words[record + HANDLE] as number;
    if (this.expiresAt <= now) return false;
    if (now !== Number.NEGATIVE_INFINITY && this.isIdle(now)) return false;
    return (shape & TAGGED) === 0 || tagsHold(words, this.#terms);
  }

  /** When the entry found is dead; Infinity for never. */
  get expiresAt(): number {
    if (!this.hasTerms) return endIn(this.calmUntil);
    return this.#doubles[this.#terms / 2 + DEAD_AT] as number;
  }

  /** Until when it is fresh, if it has terms. */
  get freshUntil(): number {
    return this.#doubles[this.#terms / 2 + FRESH_UNTIL] as number;
  }

  /** When the entry found was computed; `undefined` where only its end is known. */
  get madeAt(): number | undefined {
    if (this.hasTerms) return this.#doubles[this.#terms / 2 + MADE_AT];
    return this.calmUntil < 0 ? this.calmUntil - NEVER : undefined;
  }

  /** Milliseconds that computing it took from start to end, waits included; 0 when that is not known. */
  get wallMs(): number {
    return this.#floats[this.#terms + WALL] as number;
  }

  /** Its tags, to be looked at by `hold`; `undefined` when it has none. */
  get tags(): readonly TagMark[] | undefined {
    const count = this.#words[this.#terms + TAGS] as number;
    if (count === 0) return undefined;
    return Array.from({ length: count }, (_, nth) => {
      const at = tagWord(this.#terms, nth);
      return { cell: this.#words[at] as number, generation: this.#words[at + 1] as number };
    });
  }

  /** Whether the entry found, which has terms, is dead unless it is used. */
  get idles(): boolean {
    return idles(this.#memory, this.#terms);
  }

  /** Whether the entry found, which has terms, is dead because it was not used. */
  isIdle(now: number): boolean {
    return this.idles && isIdle(this.#memory, this.#terms, this.#isMarked(), now);
  }

  /** Of one that is dead unless it is used: until when a use of it need only be marked. */
  markedUntil(now: number): number {
    return markedUntil(this.#memory, this.#terms, now);
  }

  /** The same is used; it is to be marked as well. @returns whether this thread is to tell the writer */
  noteUse(now: number): boolean {
    return noteUse(this.#memory, this.#terms, now, true);
  }

  #isMarked(): boolean {
    return this.bytes[this.markByte(this.handle)] !== 0;
  }

  /** Whether this thread is to ask for a refresh of it: of several that look, one at a time. */
  mayAsk(now: number): boolean {
    return mayAsk(this.#words, this.#terms, now);
  }

  /** Whether none of the tags was invalidated since its entry was stored. */
  hold(tags: readonly TagMark[]): boolean {
    for (const { cell, generation } of tags)
      if (Atomics.load(this.#words, cell) !== generation) return false;
    return true;
  }

  /**
   * The whole number that the version of the entry found is a part of; 0 when its turn is over, and it
   * is dead. The writer raises all generations before it begins a turn. So if the generation is the
   * entry's still, when it is read after the turn, that is the turn of the entry.
   */
  idFound(fn: number): number {
    const turn = Atomics.load(this.#words, turnAt);
    const isOfTurn = this.#words[generationsAt + fn] === this.generation;
    return isOfTurn ? turn * TURN + this.version : 0;
  }

  /** What has been found must not be read any more. */
  leave(): void {
    this.#epoch = ((this.#epoch + 1) & ~1) | 0;
    Atomics.store(this.#words, this.#epochAt, this.#epoch);
  }

  /** Where the version of a handle's entry is: reckoned once, for what is asked often. */
  versionWord(handle: number): number {
    return versionAt(this.#top, handle);
  }

  /** Where it is marked that a handle's entry has been used. */
  markByte(handle: number): number {
    return markAt(this.#top, handle);
  }

  /**
   * True while the entry of this version, stored in this generation of its function, is neither
   * removed nor of a cleared function. It may have expired.
   * @param versionWord see {@link versionWord}
   */
  isCurrent(versionWord: number, version: number, fn: number, generation: number): boolean {
    return (
      Atomics.load(this.#words, versionWord) === version &&
      this.#words[generationsAt + fn] === generation
    );
  }

  /**
   * The entry has been used. Late for a handle that names another entry by now: that is no harm.
   * Stores only what is new: a store would take the cache line from the other threads.
   */
  mark(markByte: number): void {
    if (this.bytes[markByte] === 0) this.bytes[markByte] = 1;
  }

  count(counter: number, by: number): void {
    const at = this.#counters + counter;
    this.#doubles[at] = (this.#doubles[at] as number) + by;
  }

  #beyond(fn: number): Float64Array {
    const known = this.#moreHits[fn];
    if (known) return known;
    const columns = this.#moreColumns(fn);
    this.#moreHits[fn] = columns;
    return columns;
  }

  /** `near`: it was not necessary to look into the arena. */
  countHit(fn: number, near: boolean, cost: number): void {
    const isHere = fn < COUNTED_FUNCTIONS;
    const doubles = isHere ? this.#doubles : this.#beyond(fn);
    const at = isHere ? this.#hits + fn * HIT_COLUMNS : 0;
    const hits = near ? at : at + 1;
    doubles[hits] = (doubles[hits] as number) + 1;
    doubles[at + 2] = (doubles[at + 2] as number) + cost;
  }

  /** The same for a stale one, instead. */
  countStale(fn: number, near: boolean, cost: number): void {
    const isHere = fn < COUNTED_FUNCTIONS;
    const doubles = isHere ? this.#doubles : this.#beyond(fn);
    const at = isHere ? this.#hits + fn * HIT_COLUMNS : 0;
    const hits = near ? at + 3 : at + 5;
    doubles[hits] = (doubles[hits] as number) + 1;
    doubles[at + 2] = (doubles[at + 2] as number) + cost;
  }

  /** The same for what the thread has read in a tier. */
  countRecord(fn: number, cost: number): void {
    const isHere = fn < COUNTED_FUNCTIONS;
    const doubles = isHere ? this.#doubles : this.#beyond(fn);
    const at = isHere ? this.#hits + fn * HIT_COLUMNS : 0;
    doubles[at + 2] = (doubles[at + 2] as number) + cost;
    doubles[at + 4] = (doubles[at + 4] as number) + 1;
  }
}
