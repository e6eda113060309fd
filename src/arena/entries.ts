/**
 * What is known of an entry by its handle, on the writer's side, and how its record is filled in.
 *
 * A value that is too large for a record, or that came in a SharedArrayBuffer, has that beside the
 * arena, from where it is handed to threads by reference; the record says so. It counts as `EXTERNAL_BYTES` more than it holds.
 */

import { type HandleTable, MAP_BYTES, TABLE_BYTES } from './handle-table.ts';
import { generationsAt, type Layout } from './layout.ts';
import { type PackedKey, textOfKey } from './packed-key.ts';
import {
  COST,
  DEAD_AT,
  ENTRY_BYTES,
  EXPIRES,
  EXTERNAL,
  endIn,
  entryBytes,
  entryShape,
  FRESH_UNTIL,
  FUNCTION_AT,
  GENERATION,
  HANDLE,
  HASH,
  inlineBytes,
  KEY,
  keyWord,
  MADE_AT,
  NEVER,
  recordBytes,
  SHAPE,
  TAGGED,
  TERMS,
  termsOf,
  VALUE,
  VERSION,
} from './record.ts';
import {
  askNotBefore,
  idles,
  isIdle,
  lastUse,
  noteMark,
  noteUse,
  type Terms,
  tagsHold,
  writeTerms,
} from './terms.ts';
import type { Views } from './views.ts';

/** Names an entry for its life; small numbers, used again. */
export type Handle = number;

export interface NewEntry {
  readonly fn: number;
  readonly key: string;
  /** With the handle it names this entry: not negative, below 2^31, and another for each of a turn. */
  readonly version: number;
  /** 0 to 255; what it means is not known here. */
  readonly codec: number;
  readonly bytes: Uint8Array;
  /** False where they are known not to be all of a SharedArrayBuffer: to look gives small bytes a buffer. */
  readonly mayBeShared?: boolean;
  /** Milliseconds on a clock that the readers' `now` is of; Infinity for never. */
  readonly expiresAt: number;
  /** On the same clock: when it was computed, which may be before that began. Default: 0. */
  readonly madeAt?: number;
  /** Milliseconds that it took to compute. */
  readonly cost: number;
  /** Under what it lives beside that end; most have none. */
  readonly terms?: Terms | undefined;
  /** Its tags: it lives until one of them is invalidated. They are among its terms then. */
  readonly marks?: readonly string[] | undefined;
}

/** What a SharedArrayBuffer takes beside its bytes. */
export const EXTERNAL_BYTES = 256;
/** An index slot at its mean load. */
const INDEX_BYTES = 7;

/** What an entry takes outside its record. */
export const OUTSIDE_BYTES: number = TABLE_BYTES + MAP_BYTES + INDEX_BYTES;

/** Every method but `has` throws a `RangeError` for a handle that names no entry. */
export class Entries {
  /** Bytes of all keys. */
  keyBytes = 0;
  /** Bytes of all values, those beside the arena included. */
  valueBytes = 0;
  /** Bytes that the buffers beside the arena take. */
  externalBytes = 0;
  /** Handles that are cells of tags, see `tag-cells.ts`. */
  cells = 0;
  readonly #memory: Views;
  readonly #layout: Layout;
  readonly #handles: HandleTable;
  readonly #externals = new Map<Handle, SharedArrayBuffer>();

  constructor(memory: Views, layout: Layout, handles: HandleTable) {
    this.#memory = memory;
    this.#layout = layout;
    this.#handles = handles;
  }

  /** Entries now, dead ones included. */
  get size(): number {
    return this.#handles.live - this.cells;
  }

  /** True when the handle names an entry now. */
  has(handle: Handle): boolean {
    return this.#handles.unitOf(handle) > 0;
  }

  /** True when its function has been cleared, or one of its tags invalidated, since it was added: it is in the way only. */
  isDead(handle: Handle): boolean {
    return this.isCleared(handle) || (this.isTagged(handle) && !this.#hold(handle));
  }

  /** The same because of its function alone. */
  isCleared(handle: Handle): boolean {
    const record = this.recordOf(handle);
    const fn = this.#memory.get(record + SHAPE) >> FUNCTION_AT;
    return this.#memory.get(record + GENERATION) !== this.#memory.get(generationsAt + fn);
  }

  isTagged(handle: Handle): boolean {
    return (this.#memory.get(this.recordOf(handle) + SHAPE) & TAGGED) !== 0;
  }

  #hold(handle: Handle): boolean {
    return tagsHold(this.#memory.words, termsOf(this.#memory, this.recordOf(handle)));
  }

  fn(handle: Handle): number {
    return this.#memory.get(this.recordOf(handle) + SHAPE) >> FUNCTION_AT;
  }

  key(handle: Handle): string {
    const record = this.recordOf(handle);
    const at = (record + keyWord(inlineBytes(this.#memory, record))) * 4;
    return textOfKey(this.#memory.bytes, at, this.#memory.get(record + KEY));
  }

  /** With the handle, it names this entry and no other. */
  version(handle: Handle): number {
    return this.#memory.get(this.recordOf(handle) + VERSION);
  }

  codec(handle: Handle): number {
    return this.#memory.get(this.recordOf(handle) + SHAPE) & 0xff;
  }

  /** When it is dead. */
  expiresAt(handle: Handle): number {
    return this.#endOf(handle, DEAD_AT);
  }

  /** Until when it is fresh: an entry without terms until it is dead. */
  freshUntil(handle: Handle): number {
    return this.#endOf(handle, FRESH_UNTIL);
  }

  /** When it was computed; `undefined` where only its end is known. */
  madeAt(handle: Handle): number | undefined {
    const record = this.recordOf(handle);
    const terms = termsOf(this.#memory, record);
    if (terms !== 0) return this.#memory.doubles[terms / 2 + MADE_AT];
    const end = this.#memory.doubles[record / 2 + EXPIRES] as number;
    return end < 0 ? end - NEVER : undefined;
  }

  #endOf(handle: Handle, end: number): number {
    const record = this.recordOf(handle);
    const terms = termsOf(this.#memory, record);
    const at = terms === 0 ? record / 2 + EXPIRES : terms / 2 + end;
    return endIn(this.#memory.doubles[at] as number);
  }

  /** From now on no reader asks for a refresh of it before that. */
  askNotBefore(handle: Handle, time: number): void {
    const terms = termsOf(this.#memory, this.recordOf(handle));
    if (terms !== 0) askNotBefore(this.#memory.words, terms, time);
  }

  /** 32 bits that follow from function and key. */
  hash(handle: Handle): number {
    return this.#memory.get(this.recordOf(handle) + HASH) >>> 0;
  }

  cost(handle: Handle): number {
    return this.#memory.floats[this.recordOf(handle) + COST] as number;
  }

  /** A view of the value, valid until the writer's next `add`, `remove` or `tidy`. */
  bytes(handle: Handle): Uint8Array {
    const external = this.#externals.get(handle);
    if (external) return new Uint8Array(external);
    const record = this.recordOf(handle);
    const start = record * 4 + ENTRY_BYTES;
    return this.#memory.bytes.subarray(start, start + this.#memory.get(record + VALUE));
  }

  /** The buffer of a value that lies beside the arena: the threads' readers only say so. */
  external(handle: Handle): SharedArrayBuffer | undefined {
    return this.#externals.get(handle);
  }

  /** Bytes that the entry takes: key, value and bookkeeping. */
  bytesTaken(handle: Handle): number {
    const record = recordBytes(this.#memory, this.#layout, this.recordOf(handle));
    const external = this.#externals.get(handle);
    const beside = external ? external.byteLength + EXTERNAL_BYTES : 0;
    return record + beside + OUTSIDE_BYTES;
  }

  /** Whether the entry has been used since `takeMark` was last asked. */
  isMarked(handle: Handle): boolean {
    return this.#handles.isMarked(handle);
  }

  /**
   * Whether the entry has been used since this was last asked.
   * @param now when that is, for entries that are dead unless they are used
   */
  takeMark(handle: Handle, now: () => number): boolean {
    const terms = this.#idling(handle);
    // Noted first: between the two a reader finds one of them.
    if (terms !== 0 && this.isMarked(handle)) noteMark(this.#memory, terms, now());
    return this.#handles.takeMark(handle);
  }

  /** Whether it is dead because it was not used. */
  isIdle(handle: Handle, now: number): boolean {
    const terms = this.#idling(handle);
    return terms !== 0 && isIdle(this.#memory, terms, this.isMarked(handle), now);
  }

  /** It is used, and not marked. @returns whether its records in tiers are to be renewed, see `terms.ts` */
  noteUse(handle: Handle, now: number): boolean {
    const terms = this.#idling(handle);
    return terms !== 0 && noteUse(this.#memory, terms, now, false);
  }

  /** When it was used last, or a little later; of one that is dead unless it is used. */
  lastUse(handle: Handle, now: number): number | undefined {
    const terms = this.#idling(handle);
    return terms === 0 ? undefined : lastUse(this.#memory, terms, this.isMarked(handle), now);
  }

  /** The terms of an entry that is dead unless it is used, else 0. */
  #idling(handle: Handle): number {
    const terms = termsOf(this.#memory, this.recordOf(handle));
    return terms !== 0 && idles(this.#memory, terms) ? terms : 0;
  }

  /** The entry's record, in words. */
  recordOf(handle: Handle): number {
    const unit = this.#handles.unitOf(handle);
    if (unit <= 0) throw new RangeError(`handle ${handle} names no entry`);
    return unit * 2;
  }

  /** Fills in the record at this byte, which no thread can reach yet. */
  write(handle: Handle, at: number, entry: NewEntry, key: PackedKey, hash: number): void {
    const { words, floats, doubles, bytes } = this.#memory;
    const { fn, codec, bytes: value, expiresAt, madeAt = 0, terms } = entry;
    const external = this.#externals.has(handle);
    const record = at / 4;
    words[record + HASH] = hash;
    words[record + SHAPE] = entryShape(fn, codec, (external ? EXTERNAL : 0) | flagsOf(terms));
    words[record + GENERATION] = this.#memory.get(generationsAt + fn);
    words[record + KEY] = key.length;
    words[record + VALUE] = value.byteLength;
    words[record + HANDLE] = handle;
    words[record + VERSION] = entry.version;
    floats[record + COST] = entry.cost;
    const endsAt = terms ? terms.calmUntil : expiresAt;
    doubles[record / 2 + EXPIRES] = endsAt === Number.POSITIVE_INFINITY ? madeAt + NEVER : endsAt;
    const inline = external ? 0 : value.byteLength;
    if (!external) bytes.set(value, at + ENTRY_BYTES);
    key.copyTo(words, record + keyWord(inline));
    const termsAt = record + entryBytes(inline, key.length >> 1) / 4;
    if (terms) writeTerms(this.#memory, termsAt, terms, expiresAt, madeAt);
    this.#handles.setUnit(handle, at / 8);
    this.keyBytes += key.length >> 1;
    this.valueBytes += value.byteLength;
  }

  /** Before `write`: keeps the value in a buffer beside the arena. */
  keepBeside(handle: Handle, buffer: SharedArrayBuffer): void {
    this.#externals.set(handle, buffer);
    this.externalBytes += buffer.byteLength + EXTERNAL_BYTES;
  }

  /** The entry in this record is being removed. */
  forget(handle: Handle, record: number): void {
    this.keyBytes -= this.#memory.get(record + KEY) >> 1;
    this.valueBytes -= this.#memory.get(record + VALUE);
    const external = this.#externals.get(handle);
    if (!external) return;
    this.#externals.delete(handle);
    this.externalBytes -= external.byteLength + EXTERNAL_BYTES;
  }
}

function flagsOf(terms: Terms | undefined): number {
  if (!terms) return 0;
  return terms.tags && terms.tags.length > 0 ? TERMS | TAGGED : TERMS;
}
