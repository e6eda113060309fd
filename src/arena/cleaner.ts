/**
 * Gets dead bytes back: moves what is alive out of the segment where that is least.
 *
 * An entry is copied, and then its slot in the index overwritten with the new place; until then
 * threads find the old bytes, and those who found them may go on reading, because the segment is
 * not used again before they have left. Moving costs writing: when `u` of a segment is alive,
 * `u / (1 - u)` bytes are moved for each one gained. At most 87 in 100 bytes are alive over all, and
 * the emptiest segment is emptier than the others; for evictions at random 3 to 4 bytes are moved
 * for one that is stored, and none when the entries that were stored together also die together.
 */

import type { HandleTable } from './handle-table.ts';
import type { HashIndex } from './hash-index.ts';
import type { Layout } from './layout.ts';
import { type Log, NONE, Stream } from './log.ts';
import { HANDLE, HASH, Kind, kindOf, recordBytes, SHAPE } from './record.ts';
import type { Views } from './views.ts';

export class Cleaner {
  /** Bytes moved so far. */
  moved = 0;
  readonly #memory: Views;
  readonly #layout: Layout;
  readonly #log: Log;
  readonly #handles: HandleTable;
  readonly #index: HashIndex;
  #segment = NONE;
  #use = 0;
  /** The next record of the segment, in bytes. */
  #at = 0;

  constructor(memory: Views, layout: Layout, log: Log, handles: HandleTable, index: HashIndex) {
    this.#memory = memory;
    this.#layout = layout;
    this.#log = log;
    this.#handles = handles;
    this.#index = index;
  }

  /** The segment that has to be empty before any other, if it isn't. */
  evacuate(segment: number): void {
    if (this.#segment !== segment && this.#log.isClosed(segment)) this.#start(segment);
  }

  /** Looks at so many records, or moves so many bytes; false when there was nothing to be gained. */
  step(records: number, bytes: number): boolean {
    const until = this.moved + bytes;
    for (let left = records; left > 0 && this.moved < until; left--) {
      if (!this.#isAtWork() && !this.#begin()) return left < records;
      if (!this.#pass()) return left < records;
    }
    return true;
  }

  /** The segment may have become empty without us meanwhile, and may even have been filled anew. */
  #isAtWork(): boolean {
    const segment = this.#segment;
    if (segment === NONE) return false;
    const log = this.#log;
    if (
      log.isClosed(segment) &&
      log.useOf(segment) === this.#use &&
      this.#at < log.endOf(segment)
    ) {
      return true;
    }
    this.#segment = NONE;
    return false;
  }

  #begin(): boolean {
    const segment = this.#log.emptiest();
    if (segment !== NONE) this.#start(segment);
    return segment !== NONE;
  }

  #start(segment: number): void {
    this.#segment = segment;
    this.#use = this.#log.useOf(segment);
    this.#at = this.#log.startOf(segment);
  }

  /** Passes a record, moving it if it is alive; false when there is no room to move it to. */
  #pass(): boolean {
    const record = this.#at / 4;
    const bytes = recordBytes(this.#memory, this.#layout, record);
    if (this.#isAlive(record)) {
      const to = this.#log.allocate(bytes, Stream.moved);
      if (to === 0) return false;
      this.#memory.copy(this.#at, to, bytes);
      this.#relink(record, to / 4);
      this.#log.kill(this.#at, bytes);
      this.moved += bytes;
    }
    this.#at += bytes;
    return true;
  }

  #isAlive(record: number): boolean {
    switch (kindOf(this.#memory.get(record + SHAPE))) {
      case Kind.page:
        return this.#index.isPage(record);
      case Kind.chunk:
        return this.#handles.isChunk(record);
      default:
        return this.#handles.unitOf(this.#memory.get(record + HANDLE)) === record / 2;
    }
  }

  /** Publishes the copy of a record in its place. */
  #relink(record: number, copy: number): void {
    switch (kindOf(this.#memory.get(record + SHAPE))) {
      case Kind.page:
        this.#index.pageMoved(copy);
        break;
      case Kind.chunk:
        this.#handles.chunkMoved(copy);
        break;
      default:
        this.#handles.setUnit(this.#memory.get(record + HANDLE), copy / 2);
        this.#index.replace(this.#memory.get(record + HASH), record / 2, copy / 2);
    }
  }
}
