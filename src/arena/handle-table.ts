/**
 * Handles: small numbers that name an entry for its life, wherever its bytes are moved.
 *
 * What a thread asks about a handle without entering an epoch, its version and its use mark, must
 * never become memory of another kind: a near cache that compares versions could find its number in
 * the bytes of some value. So these 5 bytes a handle are in a table that only grows, downwards from
 * the end of the log, a segment at a time; 16 handles make a block of 16 versions and 16 marks.
 *
 * Where the entry lies is only for the writer to know. That map is in chunks, which are records of
 * the log and come and go, since a cache that has held a million small entries may hold a thousand
 * large ones later. The lowest free handles are given out first, so that the upper chunks get empty.
 * In the chunk, a free handle holds the complement of the next free one.
 */

import type { Layout } from './layout.ts';
import { type Log, NONE, Stream } from './log.ts';
import { CHUNK_NUMBER, CHUNK_WORDS, chunkBytes, Kind, SHAPE, shapeOf } from './record.ts';
import type { Views } from './views.ts';

const BLOCK_BITS = 4;
const BLOCK_WORDS = 20;
const MARKS_IN_BLOCK = 64;
/** Bytes of a handle in the table. */
export const TABLE_BYTES = 5;
/** Bytes of a handle in the map. */
export const MAP_BYTES = 4;

/** The index of a handle's version among the words. `top`: where the log ends, in words. */
export function versionAt(top: number, handle: number): number {
  return top - ((handle >> BLOCK_BITS) + 1) * BLOCK_WORDS + (handle & 15);
}

/** The index of a handle's use mark among the bytes. */
export function markAt(top: number, handle: number): number {
  return (top - ((handle >> BLOCK_BITS) + 1) * BLOCK_WORDS) * 4 + MARKS_IN_BLOCK + (handle & 15);
}

export class HandleTable {
  /** Handles that name an entry. */
  live = 0;
  readonly #memory: Views;
  readonly #log: Log;
  readonly #layout: Layout;
  readonly #top: number;
  readonly #bits: number;
  readonly #mask: number;
  /** By chunk: the word of its first handle, 0 when there is no such chunk. */
  readonly #chunks: number[] = [];
  readonly #liveIn: number[] = [];
  readonly #freeIn: number[] = [];
  /** No chunk below this one has a free handle. */
  #lowest = 0;

  constructor(memory: Views, layout: Layout, log: Log) {
    this.#memory = memory;
    this.#layout = layout;
    this.#log = log;
    this.#top = layout.bytes / 4;
    this.#bits = layout.chunkBits;
    this.#mask = (1 << layout.chunkBits) - 1;
  }

  /** No handle is as large as this. */
  get end(): number {
    return this.#chunks.length << this.#bits;
  }

  /** True when the table should grow soon: a tenth is more than entries of the least size can need. */
  get isShort(): boolean {
    const ahead = (this.#log.segmentBytes / TABLE_BYTES) >> (this.#bits + 3);
    const most = this.#layout.segments / 10 + 1;
    return this.#lowest + 1 + ahead >= this.#chunksInTable() && this.#log.table < most;
  }

  /** A handle, or `NONE` when the table must grow first, or there is no room for its map. */
  take(version: number): number {
    for (let chunk = this.#lowest; chunk < this.#chunksInTable(); chunk++) {
      this.#lowest = chunk;
      if (!this.#chunks[chunk] && !this.#create(chunk)) return NONE;
      const free = this.#freeIn[chunk] as number;
      if (free > this.#mask) continue;
      this.#freeIn[chunk] = ~this.#memory.get((this.#chunks[chunk] as number) + free);
      this.#liveIn[chunk] = (this.#liveIn[chunk] as number) + 1;
      this.live++;
      const handle = (chunk << this.#bits) + free;
      this.#memory.bytes[markAt(this.#top, handle)] = 0;
      this.#memory.publish(versionAt(this.#top, handle), version);
      return handle;
    }
    return NONE;
  }

  /** The entry is dead: a reader that remembers the handle and its version sees it here. */
  giveBack(handle: number): void {
    const chunk = handle >> this.#bits;
    const free = handle & this.#mask;
    // No entry has a negative version.
    this.#memory.publish(versionAt(this.#top, handle), ~this.version(handle));
    this.#memory.set((this.#chunks[chunk] as number) + free, ~(this.#freeIn[chunk] as number));
    this.#freeIn[chunk] = free;
    this.#lowest = Math.min(this.#lowest, chunk);
    this.live--;
    const live = (this.#liveIn[chunk] as number) - 1;
    this.#liveIn[chunk] = live;
    // The first is kept, so that a cache of few entries does not make and drop it all the time.
    if (live === 0 && chunk > 0) this.#drop(chunk);
  }

  version(handle: number): number {
    return this.#memory.get(versionAt(this.#top, handle));
  }

  isMarked(handle: number): boolean {
    return this.#memory.bytes[markAt(this.#top, handle)] !== 0;
  }

  takeMark(handle: number): boolean {
    const at = markAt(this.#top, handle);
    const isMarked = this.#memory.bytes[at] !== 0;
    if (isMarked) this.#memory.bytes[at] = 0;
    return isMarked;
  }

  /** The place of the handle's entry in units of 8 bytes; not positive when it names none. */
  unitOf(handle: number): number {
    const chunk = this.#chunks[handle >> this.#bits];
    return chunk ? this.#memory.get(chunk + (handle & this.#mask)) : 0;
  }

  setUnit(handle: number, unit: number): void {
    const chunk = this.#chunks[handle >> this.#bits] as number;
    this.#memory.set(chunk + (handle & this.#mask), unit);
  }

  /** True when the chunk in this record is in use. */
  isChunk(record: number): boolean {
    return this.#chunks[this.#memory.get(record + CHUNK_NUMBER)] === record + CHUNK_WORDS;
  }

  /** A chunk has been copied to here. */
  chunkMoved(record: number): void {
    this.#chunks[this.#memory.get(record + CHUNK_NUMBER)] = record + CHUNK_WORDS;
  }

  #chunksInTable(): number {
    const bytes = this.#log.table * this.#log.segmentBytes;
    return (Math.floor(bytes / (BLOCK_WORDS * 4)) << BLOCK_BITS) >> this.#bits;
  }

  #create(chunk: number): boolean {
    const at = this.#log.allocate(chunkBytes(this.#layout), Stream.fresh);
    if (at === 0) return false;
    const record = at / 4;
    this.#memory.set(record + CHUNK_NUMBER, chunk);
    this.#memory.set(record + SHAPE, shapeOf(Kind.chunk));
    for (let i = 0; i <= this.#mask; i++) this.#memory.set(record + CHUNK_WORDS + i, ~(i + 1));
    this.#chunks[chunk] = record + CHUNK_WORDS;
    this.#freeIn[chunk] = 0;
    this.#liveIn[chunk] = 0;
    return true;
  }

  #drop(chunk: number): void {
    const record = (this.#chunks[chunk] as number) - CHUNK_WORDS;
    this.#log.kill(record * 4, chunkBytes(this.#layout));
    this.#chunks[chunk] = 0;
    while (this.#chunks.length > 0 && !this.#chunks.at(-1)) this.#chunks.pop();
  }
}
