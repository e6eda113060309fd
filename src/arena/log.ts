/**
 * Where records are put: a log of segments, each filled from its beginning to its end.
 *
 * Bytes of dead records are not reused one by one, which would leave gaps of sizes that no entry asks
 * for. The log counts what is alive in each segment; one in which nothing is, is retired, and free
 * again once no thread can see it (`epochs.ts`). Cleaning (`cleaner.ts`) moves what is alive out of
 * the segments where that is least. So any sizes, and any change of them, leave no gap that stays.
 * This is the log of Rosenblum and Ousterhout's file system, and of RAMCloud for memory.
 *
 * Records that were moved once go to another segment than new ones: they are likely to stay, and
 * need not be moved again with every short-lived one that dies beside them. A segment in which the
 * next record has no room is kept open for smaller ones for a while, because a record can be as
 * large as an eighth of a segment (a quarter in small arenas), and what it doesn't fit into is lost
 * until the segment is cleaned.
 */

import { Epochs } from './epochs.ts';
import type { Layout } from './layout.ts';
import type { Views } from './views.ts';

export const NONE = -1;

/** What is written here: something new, or something moved. */
export const Stream = { fresh: 0, moved: 1 } as const;
export type Stream = (typeof Stream)[keyof typeof Stream];

const State = { free: 0, open: 1, closed: 2, retired: 3, table: 4 } as const;

/** Segments kept open for small records. */
const TAILS = 4;
/** What is left of a segment is given up when it is less than this. */
const SMALLEST_RECORD = 48;
/** In an arena of fewer segments, new and moved records share one. */
const FEW_SEGMENTS = 32;

export class Log {
  /** Bytes of records that are alive. */
  live = 0;
  /** Segments that are not free, those of the handle table included. */
  held = 0;
  /** Segments that the handle table has taken, all at the end. */
  table = 0;
  /** Segments that may be held: fewer when buffers of large values take some of `maxSize`. */
  allowance: number;
  /** Segments that are wanted for another such buffer. */
  wanted = 0;
  readonly epochs: Epochs;
  readonly segmentBytes: number;
  readonly #segments: number;
  readonly #bits: number;
  readonly #from: number;
  readonly #state: Uint8Array;
  readonly #alive: Int32Array;
  readonly #filled: Int32Array;
  readonly #heads: [number, number] = [NONE, NONE];
  readonly #tails: number[] = [];
  /** Bytes at the ends of closed segments in which nothing fitted. */
  #waste = 0;
  /** Segments that have ever been written to. */
  #touched = 0;
  /** By segment, how often it has become free. */
  readonly #uses: Int32Array;

  constructor(memory: Views, layout: Layout) {
    this.epochs = new Epochs(memory);
    this.#segments = layout.segments;
    this.allowance = layout.segments;
    this.#bits = layout.segmentBits;
    this.segmentBytes = 2 ** layout.segmentBits;
    this.#from = layout.log;
    this.#state = new Uint8Array(layout.segments);
    this.#alive = new Int32Array(layout.segments);
    this.#filled = new Int32Array(layout.segments);
    this.#uses = new Int32Array(layout.segments);
  }

  /** Segments that can be opened now. */
  get free(): number {
    return this.allowance - this.held;
  }

  /** True when cleaning should go ahead of what is added. */
  get isShort(): boolean {
    return this.free - this.wanted < this.#reserve;
  }

  /** Those that are open may be nearly empty, and cleaning needs one to move to. */
  get #reserve(): number {
    return this.#segments < FEW_SEGMENTS ? 2 : 3;
  }

  /** The most bytes that can be alive so that cleaning still gains something. */
  get capacity(): number {
    const allowed = this.allowance - this.wanted;
    const whole = (allowed - this.table - this.#reserve) * this.segmentBytes;
    return whole - this.#waste - allowed * (this.segmentBytes >> 6);
  }

  /** Bytes of the segments that have ever been written to: they stay resident. */
  get touchedBytes(): number {
    return (Math.min(this.#touched, this.#segments - this.table) + this.table) * this.segmentBytes;
  }

  segmentOf(at: number): number {
    return (at - this.#from) >> this.#bits;
  }

  startOf(segment: number): number {
    return this.#from + segment * this.segmentBytes;
  }

  /** Where the records of a segment end. */
  endOf(segment: number): number {
    return this.startOf(segment) + (this.#filled[segment] as number);
  }

  /** Where to write a record, in bytes; 0 when there is no room now. It counts as alive. */
  allocate(bytes: number, stream: Stream): number {
    let segment = this.#tailFor(bytes);
    if (segment === NONE) segment = this.#headFor(bytes, stream);
    if (segment === NONE) return 0;
    const at = this.endOf(segment);
    this.#filled[segment] = (this.#filled[segment] as number) + bytes;
    this.#alive[segment] = (this.#alive[segment] as number) + bytes;
    this.live += bytes;
    return at;
  }

  /** The record is unlinked. */
  kill(at: number, bytes: number): void {
    const segment = this.segmentOf(at);
    const alive = (this.#alive[segment] as number) - bytes;
    this.#alive[segment] = alive;
    this.live -= bytes;
    if (alive === 0 && this.#state[segment] === State.closed) this.#retire(segment);
  }

  /** Takes back the segments that no thread can see any more. */
  reclaim(): void {
    if (this.epochs.waiting === 0) return;
    for (const segment of this.epochs.takePassed()) {
      this.#state[segment] = State.free;
      this.#filled[segment] = 0;
      this.#uses[segment] = (this.#uses[segment] as number) + 1;
      this.held--;
    }
  }

  /**
   * Of the segments that new records don't go to, the one with the fewest live bytes, if moving them
   * gains anything worth it. It is closed now.
   */
  emptiest(): number {
    let emptiest = NONE;
    let fewest = this.segmentBytes - (this.segmentBytes >> 6);
    for (let segment = 0; segment < this.#segments; segment++) {
      if (this.#state[segment] !== State.closed && !this.#tails.includes(segment)) continue;
      const alive = this.#alive[segment] as number;
      if (alive >= fewest) continue;
      fewest = alive;
      emptiest = segment;
    }
    if (this.#state[emptiest] === State.open) this.#shut(emptiest);
    return emptiest;
  }

  isClosed(segment: number): boolean {
    return this.#state[segment] === State.closed;
  }

  /** Another number each time the segment is filled anew. */
  useOf(segment: number): number {
    return this.#uses[segment] as number;
  }

  /** The last segment that is not the handle table's: the next that it will take. */
  get last(): number {
    return this.#segments - 1 - this.table;
  }

  /** Gives the last segment to the handle table for good, if it is free. */
  takeLast(): boolean {
    const segment = this.last;
    if (this.#state[segment] === State.open) this.#shut(segment);
    // Cleaning needs another free one.
    if (this.#state[segment] !== State.free || this.free < 2) return false;
    this.#state[segment] = State.table;
    this.held++;
    this.table++;
    return true;
  }

  /** Bytes that nothing has been written to, in segments that are open. */
  get open(): number {
    let bytes = 0;
    for (let segment = 0; segment < this.#segments; segment++) {
      if (this.#state[segment] === State.open) bytes += this.#left(segment);
    }
    return bytes;
  }

  #left(segment: number): number {
    return this.segmentBytes - (this.#filled[segment] as number);
  }

  /** Of the segments that are kept open for small records, the one that this fits into best. */
  #tailFor(bytes: number): number {
    let best = NONE;
    let least = this.segmentBytes;
    for (let i = 0; i < this.#tails.length; i++) {
      const segment = this.#tails[i] as number;
      const left = this.#left(segment);
      if (left < bytes || left >= least) continue;
      best = segment;
      least = left;
    }
    return best;
  }

  #headFor(bytes: number, stream: Stream): number {
    const at = this.#segments < FEW_SEGMENTS ? Stream.fresh : stream;
    const head = this.#heads[at];
    if (head !== NONE && this.#left(head) >= bytes) return head;
    // The last free one is for moving: without it nothing would become free any more.
    if (this.free < (stream === Stream.moved ? 1 : 2)) return NONE;
    const next = this.#state.indexOf(State.free);
    if (next === NONE) return NONE;
    if (head !== NONE) this.#keepOpen(head);
    this.#state[next] = State.open;
    this.#touched = Math.max(this.#touched, next + 1);
    this.held++;
    this.#heads[at] = next;
    return next;
  }

  /** Keeps a segment for small records, and gives up the one of those with the least room. */
  #keepOpen(segment: number): void {
    this.#tails.push(segment);
    let fullest = 0;
    for (let i = 0; i < this.#tails.length; i++) {
      const left = this.#left(this.#tails[i] as number);
      if (left < this.#left(this.#tails[fullest] as number)) fullest = i;
    }
    const full = this.#tails[fullest] as number;
    if (this.#tails.length <= TAILS && this.#left(full) >= SMALLEST_RECORD) return;
    this.#tails.splice(fullest, 1);
    this.#close(full);
  }

  /** Closes an open segment before it is full. */
  #shut(segment: number): void {
    const tail = this.#tails.indexOf(segment);
    if (tail !== -1) this.#tails.splice(tail, 1);
    else this.#heads[this.#heads.indexOf(segment)] = NONE;
    this.#close(segment);
  }

  #close(segment: number): void {
    this.#state[segment] = State.closed;
    this.#waste += this.#left(segment);
    if (this.#alive[segment] === 0) this.#retire(segment);
  }

  #retire(segment: number): void {
    this.#state[segment] = State.retired;
    this.#waste -= this.#left(segment);
    this.epochs.retire(segment);
  }
}
