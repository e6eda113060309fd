/**
 * How much there may be, and what to do when there is no room for more.
 *
 * `maxSize` holds the segments of the log that are not free, those of the handle table included, and
 * the buffers of large values. Three limits keep it usable. At most 87 in 100 bytes may be alive,
 * because cleaning gets dear beyond that. What is alive must leave the log the segments that
 * cleaning needs. And a large value takes whole segments from the log, which must be emptied first.
 *
 * Cleaning goes ahead of what is added, in proportion to it: when few segments are free, every `add`
 * moves some bytes. What it moves is bounded, so an `add` can come too early; it is refused then,
 * and works a little later. Nothing here waits.
 */

import type { Cleaner } from './cleaner.ts';
import { type Entries, EXTERNAL_BYTES } from './entries.ts';
import { type HandleTable, TABLE_BYTES } from './handle-table.ts';
import type { Layout } from './layout.ts';
import type { Log } from './log.ts';
import type { ArenaUsage } from './usage.ts';

/**
 * Why an entry was not added.
 * - `full`: when something is removed, there is room
 * - `behind`: there are enough dead bytes, which have yet to be collected; `tidy()` does that, and so
 *   does every `add()`
 * - `waiting`: the same, but a thread still reads what could be collected
 * - `crowded`: there is room, but not in its part of the index; when one certain entry goes, there is
 * - `never`: it is too large for this arena
 */
export type RoomRefusal = 'full' | 'behind' | 'waiting' | 'crowded' | 'never';

/** What can be alive of `maxSize`. */
const ALIVE_PERCENT = 87;
/** Segments that the log keeps beside the largest buffer: open ones, one to clean into, the index. */
const BESIDE_LARGEST = 8;
/** Records that one call looks at, at the most, and bytes that it moves. */
const RECORDS_AT_ONCE = 1000;
const BYTES_AT_ONCE = 2 ** 19;

export class Room {
  readonly #layout: Layout;
  readonly #log: Log;
  readonly #handles: HandleTable;
  readonly #entries: Entries;
  readonly #cleaner: Cleaner;
  /** Bytes that had been moved when something was last added. */
  #movedAtAdd = 0;
  /** Bytes of the buffer that cleaning makes room for, of a large value that was refused. */
  #expected = 0;

  constructor(layout: Layout, log: Log, handles: HandleTable, entries: Entries, cleaner: Cleaner) {
    this.#layout = layout;
    this.#log = log;
    this.#handles = handles;
    this.#entries = entries;
    this.#cleaner = cleaner;
  }

  /**
   * Sees to it that there is room for a record, and for a buffer beside the arena; says why there is
   * none. When there should be, it can still be that no segment is free at this moment.
   */
  prepare(record: number, beside: number): RoomRefusal | undefined {
    const log = this.#log;
    if (record > this.#layout.largestRecord) return 'never';
    if (beside !== this.#expected) this.expect(beside);
    this.#keepUp();
    const isFull = log.live + record > this.#most(beside);
    if (isFull && this.#entries.size > 0) return 'full';
    if (!isFull && !log.isShort) return undefined;
    const records = Math.min(64 + beside / 64, RECORDS_AT_ONCE);
    const bytes = Math.min(16 * (record + beside) + 4096, BYTES_AT_ONCE);
    const gained = this.#clean(records, bytes);
    // A buffer must leave the log a segment to clean into.
    if (!isFull && log.free - log.wanted >= (beside > 0 ? 2 : 0)) return undefined;
    return this.#refusal(gained);
  }

  /** No segment was free: cleans as much as is allowed at once, and says why that may not do. */
  hurry(): RoomRefusal {
    return this.#refusal(this.#clean(RECORDS_AT_ONCE, BYTES_AT_ONCE));
  }

  /** Something has been added. */
  added(): void {
    this.#movedAtAdd = this.#cleaner.moved;
  }

  /** Buffers beside the arena have come or gone, and one of so many bytes is to come. */
  expect(beside: number = this.#expected): void {
    const log = this.#log;
    this.#expected = beside;
    log.allowance = this.#segmentsBeside(0);
    log.wanted = log.allowance - this.#segmentsBeside(beside);
  }

  /** Does some of what makes room for later; true while there is more to do. */
  tidy(): boolean {
    const log = this.#log;
    this.#keepUp();
    if (!log.isShort) return false;
    const gained = this.#clean(RECORDS_AT_ONCE, BYTES_AT_ONCE);
    return log.isShort && this.#gains(gained);
  }

  /** Beside the handle table, which never shrinks, and the segments that cleaning needs. */
  get largestEntry(): number {
    const { table, segmentBytes } = this.#log;
    const { maxSize, largestRecord } = this.#layout;
    return Math.max(largestRecord, maxSize - (table + BESIDE_LARGEST) * segmentBytes);
  }

  used(): number {
    return this.#log.held * this.#log.segmentBytes + this.#entries.externalBytes;
  }

  usage(): ArenaUsage {
    const log = this.#log;
    const { size, keyBytes, valueBytes, externalBytes } = this.#entries;
    const handles = TABLE_BYTES * size;
    const alive = log.live + handles + externalBytes;
    const free = log.open + log.table * log.segmentBytes - handles;
    return {
      entries: size,
      keys: keyBytes,
      values: valueBytes,
      bookkeeping: alive - keyBytes - valueBytes,
      dead: this.used() - alive - free,
      free,
      used: this.used(),
      resident: log.touchedBytes + externalBytes,
    };
  }

  /** Takes back what has become free, and gives the handle table what it will need. */
  #keepUp(): void {
    const log = this.#log;
    log.reclaim();
    if (!this.#handles.isShort || log.free < 2) return;
    // What lies there is no harm: versions may begin anywhere, and a birth clears the mark.
    if (!log.takeLast()) this.#cleaner.evacuate(log.last);
  }

  #clean(records: number, bytes: number): boolean {
    const gained = this.#cleaner.step(records, bytes);
    this.#log.reclaim();
    return gained;
  }

  #refusal(gained: boolean): RoomRefusal {
    if (this.#log.epochs.waiting > 0) return 'waiting';
    if (this.#gains(gained)) return 'behind';
    return this.#entries.size > 0 ? 'full' : 'never';
  }

  /** Cleaning that has moved everything twice and made no room never will. */
  #gains(gained: boolean): boolean {
    const moved = this.#cleaner.moved - this.#movedAtAdd;
    return gained && moved < 2 * this.#layout.segments * this.#log.segmentBytes;
  }

  /** Bytes of the log that may be alive. */
  #most(beside: number): number {
    const bytes = this.#layout.maxSize - this.#entries.externalBytes - beside;
    const most = (bytes * ALIVE_PERCENT) / 100 - TABLE_BYTES * (this.#entries.size + 1);
    return Math.min(this.#log.capacity, most);
  }

  /** Segments that may be held beside the buffers of large values, and so many bytes more. */
  #segmentsBeside(more: number): number {
    const bytes = this.#layout.maxSize - this.#entries.externalBytes - more;
    const segments = Math.max(0, Math.floor(bytes / this.#log.segmentBytes));
    return Math.min(this.#layout.segments, segments);
  }
}

/** Bytes that a value of this length takes beside the arena. */
export function bytesBeside(length: number): number {
  return length + EXTERNAL_BYTES;
}
