/**
 * What is known of an entry by its handle, on the writer's side, and how its record is filled in.
 *
 * A value that is too large for a record, or that came in a SharedArrayBuffer, has that beside the
 * arena, from where it is handed to threads by reference; the record says so. It counts as `EXTERNAL_BYTES` more than it holds.
 */

import { type HandleTable, MAP_BYTES, TABLE_BYTES } from './handle-table.ts';
import { generationsAt, type Layout } from './layout.ts';
import type { Memory } from './memory.ts';
import { type PackedKey, textOfKey } from './packed-key.ts';
import {
  COST,
  ENTRY_BYTES,
  EXPIRES,
  entryShape,
  FUNCTION_AT,
  GENERATION,
  HANDLE,
  HASH,
  inlineBytes,
  KEY,
  keyWord,
  recordBytes,
  SHAPE,
  VALUE,
  VERSION,
} from './record.ts';

/** Names an entry for its life; small numbers, used again. */
export type Handle = number;

export interface NewEntry {
  readonly fn: number;
  readonly key: string;
  /** With the handle it names this entry: not negative, below 2^31, and another for each entry. */
  readonly version: number;
  /** 0 to 255; what it means is not known here. */
  readonly codec: number;
  readonly bytes: Uint8Array;
  /** Milliseconds on a clock that the readers' `now` is of; Infinity for never. */
  readonly expiresAt: number;
  /** Milliseconds that it took to compute. */
  readonly cost: number;
}

/** What a SharedArrayBuffer takes beside its bytes. */
export const EXTERNAL_BYTES = 256;
/** An index slot at its mean load. */
const INDEX_BYTES = 7;

/** Every method but `has` throws a `RangeError` for a handle that names no entry. */
export class Entries {
  /** Bytes of all keys. */
  keyBytes = 0;
  /** Bytes of all values, those beside the arena included. */
  valueBytes = 0;
  /** Bytes that the buffers beside the arena take. */
  externalBytes = 0;
  readonly #memory: Memory;
  readonly #layout: Layout;
  readonly #handles: HandleTable;
  readonly #externals = new Map<Handle, SharedArrayBuffer>();

  constructor(memory: Memory, layout: Layout, handles: HandleTable) {
    this.#memory = memory;
    this.#layout = layout;
    this.#handles = handles;
  }

  /** Entries now, dead ones included. */
  get size(): number {
    return this.#handles.live;
  }

  /** True when the handle names an entry now. */
  has(handle: Handle): boolean {
    return this.#handles.unitOf(handle) > 0;
  }

  /** True when the entry's function has been cleared since it was added: it is in the way only. */
  isDead(handle: Handle): boolean {
    const record = this.recordOf(handle);
    const fn = this.#memory.get(record + SHAPE) >> FUNCTION_AT;
    return this.#memory.get(record + GENERATION) !== this.#memory.get(generationsAt + fn);
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

  expiresAt(handle: Handle): number {
    return this.#memory.doubles[this.recordOf(handle) / 2 + EXPIRES] as number;
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
    return record + beside + TABLE_BYTES + MAP_BYTES + INDEX_BYTES;
  }

  /** Whether the entry has been used since this was last asked. */
  takeMark(handle: Handle): boolean {
    return this.#handles.takeMark(handle);
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
    const { fn, codec, bytes: value } = entry;
    const external = this.#externals.has(handle);
    const record = at / 4;
    words[record + HASH] = hash;
    words[record + SHAPE] = entryShape(fn, codec, external);
    words[record + GENERATION] = this.#memory.get(generationsAt + fn);
    words[record + KEY] = key.length;
    words[record + VALUE] = value.byteLength;
    words[record + HANDLE] = handle;
    words[record + VERSION] = entry.version;
    floats[record + COST] = entry.cost;
    doubles[record / 2 + EXPIRES] = entry.expiresAt;
    if (!external) bytes.set(value, at + ENTRY_BYTES);
    key.copyTo(words, record + keyWord(external ? 0 : value.byteLength));
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
