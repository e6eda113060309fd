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
} from './layout.ts';
import { Memory } from './memory.ts';
import { PackedKey } from './packed-key.ts';
import {
  COST,
  ENTRY_BYTES,
  EXPIRES,
  EXTERNAL,
  FUNCTION_AT,
  GENERATION,
  HANDLE,
  HASH,
  KEY,
  keyWord,
  SHAPE,
  VALUE,
  VERSION,
} from './record.ts';

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
  /** Milliseconds on the writer's clock, Infinity for never. */
  expiresAt = 0;
  /** Milliseconds that it took to compute. */
  cost = 0;
  /** The whole arena. */
  readonly bytes: Buffer<SharedArrayBuffer>;

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

  constructor({ buffer, layout }: ArenaShare, slot: number) {
    const { words, floats, doubles, bytes } = new Memory(buffer);
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
    this.expiresAt = this.#doubles[unit + EXPIRES] as number;
    if (this.expiresAt <= now) {
      this.leave();
      return false;
    }
    this.handle = words[record + HANDLE] as number;
    this.version = words[record + VERSION] as number;
    this.generation = words[record + GENERATION] as number;
    this.codec = (words[record + SHAPE] as number) & 0xff;
    this.external = external;
    this.start = unit * 8 + ENTRY_BYTES;
    this.length = length;
    this.cost = this.#floats[record + COST] as number;
    return true;
  }

  /** What has been found must not be read any more. */
  leave(): void {
    this.#epoch = ((this.#epoch + 1) & ~1) | 0;
    Atomics.store(this.#words, this.#epochAt, this.#epoch);
  }

  /**
   * True while the entry of this handle and version, stored in this generation of its function, is
   * neither removed nor of a cleared function. It may have expired.
   */
  isCurrent(handle: number, version: number, fn: number, generation: number): boolean {
    return (
      Atomics.load(this.#words, versionAt(this.#top, handle)) === version &&
      this.#words[generationsAt + fn] === generation
    );
  }

  /**
   * The entry has been used. Late for a handle that names another entry by now: that is no harm.
   * Stores only what is new: a store would take the cache line from the other threads.
   */
  mark(handle: number): void {
    const at = markAt(this.#top, handle);
    if (this.bytes[at] === 0) this.bytes[at] = 1;
  }

  count(counter: number, by: number): void {
    const at = this.#counters + counter;
    this.#doubles[at] = (this.#doubles[at] as number) + by;
  }

  /** `near`: it was not necessary to look into the arena. */
  countHit(fn: number, near: boolean, cost: number): void {
    const column = fn < COUNTED_FUNCTIONS ? fn : COUNTED_FUNCTIONS - 1;
    const doubles = this.#doubles;
    const at = this.#hits + column * HIT_COLUMNS;
    const hits = near ? at : at + 1;
    doubles[hits] = (doubles[hits] as number) + 1;
    doubles[at + 2] = (doubles[at + 2] as number) + cost;
  }
}
