/**
 * The table as its one writer has it: everything that changes it, on the coordinator's thread.
 *
 * It knows entries by function and key, and by handle; it decides neither what to keep nor what to
 * remove. When there is no room it says so and why, and the caller evicts, waits or does without.
 * No call takes longer than about a millisecond, whatever the size of the table.
 */

import { Cleaner } from './cleaner.ts';
import { Entries, type Handle, type NewEntry, OUTSIDE_BYTES } from './entries.ts';
import { HandleTable } from './handle-table.ts';
import { HashIndex } from './hash-index.ts';
import {
  type ArenaShare,
  FUNCTIONS,
  generationsAt,
  LARGEST_LOG,
  type Layout,
  layoutFor,
  turnAt,
} from './layout.ts';
import { Log, NONE, Stream } from './log.ts';
import { PackedKey } from './packed-key.ts';
import { entryBytes, HANDLE, HASH, recordBytes, termsBytes } from './record.ts';
import { bytesBeside, Room, type RoomRefusal } from './room.ts';
import { TagCells } from './tag-cells.ts';
import { bytesOf, type TagMark, type Terms } from './terms.ts';
import { ArenaThreads } from './threads.ts';
import type { ArenaUsage } from './usage.ts';
import { Views } from './views.ts';

/** What the size of an entry depends on. */
export type EntryParts = Pick<NewEntry, 'bytes' | 'mayBeShared' | 'key' | 'terms' | 'marks'>;

export class ArenaWriter {
  /** For the threads' readers. */
  readonly share: ArenaShare;
  /** What is known of an entry by its handle. */
  readonly entries: Entries;
  readonly threads: ArenaThreads;
  /** Why the last `add` that added nothing did not. */
  refusal: RoomRefusal = 'full';
  /** When that was `crowded`: an entry in whose place there will be room. */
  crowding: Handle = 0;
  readonly #layout: Layout;
  readonly #memory: Views;
  readonly #log: Log;
  readonly #handles: HandleTable;
  readonly #index: HashIndex;
  readonly #room: Room;
  readonly #key: PackedKey;
  readonly #cells: TagCells;

  /** @param options.maxSize in bytes; an arena of less than 2 KiB holds nothing */
  constructor(options: { readonly maxSize: number; readonly seed?: number }) {
    const { maxSize, seed = Math.floor(Math.random() * 2 ** 32) } = options;
    this.share = allocate(maxSize, seed | 0);
    const { buffer, layout } = this.share;
    const memory = new Views(buffer);
    const log = new Log(memory, layout);
    const handles = new HandleTable(memory, layout, log);
    const index = new HashIndex(memory, layout, log);
    const cleaner = new Cleaner(memory, layout, log, handles, index);
    this.entries = new Entries(memory, layout, handles);
    this.threads = new ArenaThreads(memory, log.epochs);
    this.#layout = layout;
    this.#memory = memory;
    this.#log = log;
    this.#handles = handles;
    this.#index = index;
    this.#room = new Room(layout, log, handles, this.entries, cleaner);
    this.#key = new PackedKey(layout.seed);
    this.#cells = new TagCells(memory, layout.bytes / 4, handles, this.entries, () =>
      this.#room.expect(),
    );
  }

  /**
   * Publishes an entry; the key must not be present. `undefined` when there is no room now: then
   * `refusal` says why. The bytes are copied, unless they are all of a SharedArrayBuffer: that is
   * kept as it is, however small.
   *
   * @throws {RangeError} when there can be no such function, or no buffer for a large value
   */
  add(entry: NewEntry): Handle | undefined {
    const { marks } = entry;
    if (!marks) return this.#add(entry);
    const tags = this.#takeCells(marks, entry.version);
    if (!tags) return this.#refuse(this.#room.hurry());
    const handle = this.#add({ ...entry, terms: { ...termsOf(entry), tags } });
    if (handle === undefined) this.#cells.drop(marks);
    return handle;
  }

  /** The tags of an entry. */
  marksOf(handle: Handle): readonly string[] {
    return this.#cells.marksOf(handle);
  }

  /** The table of handles may have to grow first. */
  #takeCells(marks: readonly string[], version: number): readonly TagMark[] | undefined {
    const cells = this.#cells.take(marks, version);
    if (cells) return cells;
    this.#room.tidy();
    return this.#cells.take(marks, version);
  }

  #add(entry: NewEntry): Handle | undefined {
    const { fn, key, bytes, terms } = entry;
    if (!(fn >= 0 && fn < FUNCTIONS)) throw new RangeError(`no function can have number ${fn}`);
    if (key.length > this.#layout.largestRecord) return this.#refuse('never');
    const hash = this.#key.pack(fn, key);
    const keyBytes = this.#key.length >> 1;
    const beyond = bytesOf(terms);
    const whole = entryBytes(bytes.byteLength, keyBytes) + beyond;
    const own = ownBuffer(entry);
    const isBeside = own !== undefined || whole > this.#layout.largestRecord;
    const size = isBeside ? entryBytes(0, keyBytes) + beyond : whole;
    const refusal = this.#room.prepare(size, isBeside ? bytesBeside(bytes.byteLength) : 0);
    if (refusal) return this.#refuse(refusal);
    const buffer = isBeside ? (own ?? sharedCopy(bytes)) : undefined;
    const handle = this.#place(entry, hash, size, buffer);
    if (handle !== undefined) return handle;
    const crowding = this.#index.crowding(hash);
    if (crowding !== 0) {
      this.crowding = this.#memory.get(crowding * 2 + HANDLE);
      return this.#refuse('crowded');
    }
    const unless = this.#room.hurry();
    return this.#place(entry, hash, size, buffer) ?? this.#refuse(unless);
  }

  /** What `entries.hash` would say of an entry with this key, which is not too long for one. */
  hashOf(fn: number, key: string): number {
    return this.#key.pack(fn, key) >>> 0;
  }

  /** Bytes that an entry would take; a few less when characters of its key take two. */
  sizeOf(parts: EntryParts): number {
    const { bytes, key, terms, marks } = parts;
    const beyond = marks ? termsBytes(marks.length) : bytesOf(terms);
    const whole = entryBytes(bytes.byteLength, key.length) + beyond;
    const isBeside = whole > this.#layout.largestRecord || ownBuffer(parts) !== undefined;
    const beside = isBeside ? bytesBeside(bytes.byteLength) : 0;
    return OUTSIDE_BYTES + beside + (isBeside ? entryBytes(0, key.length) + beyond : whole);
  }

  /** Bytes of an entry beside a buffer of its value. */
  get largestRecord(): number {
    return this.#layout.largestRecord;
  }

  /** Bytes that an entry can take when all others make room for it. */
  get largestEntry(): number {
    return this.#room.largestEntry;
  }

  /** The entry with this key, expired or not, unless its function has been cleared since. */
  find(fn: number, key: string): Handle | undefined {
    if (key.length > this.#layout.largestRecord) return undefined;
    const hash = this.#key.pack(fn, key);
    const unit = this.#index.find(fn, this.generationOf(fn), hash, this.#key);
    return unit === 0 ? undefined : this.#memory.get(unit * 2 + HANDLE);
  }

  /**
   * From now on no thread finds it, and near caches that look at its version know.
   *
   * @throws {RangeError} when the handle names no entry
   */
  remove(handle: Handle): void {
    if (this.entries.isTagged(handle)) this.#cells.unlink(handle);
    const record = this.entries.recordOf(handle);
    this.#index.remove(this.#memory.get(record + HASH), record / 2);
    this.#handles.giveBack(handle);
    const isExternal = this.entries.external(handle) !== undefined;
    this.entries.forget(handle, record);
    this.#log.kill(record * 4, recordBytes(this.#memory, this.#layout, record));
    if (isExternal) this.#room.expect();
  }

  /** No entry has a handle as large as this: to visit all in steps, ask `entries.has()` for each. */
  get handles(): number {
    return this.#handles.end;
  }

  /** The generation that an entry of the function must have been stored in to be alive. */
  generationOf(fn: number): number {
    return this.#memory.get(generationsAt + fn);
  }

  /** All entries of the function are dead for all threads at once; remove them when there is time. */
  raiseGeneration(fn: number): void {
    Atomics.add(this.#memory.words, generationsAt + fn, 1);
  }

  /** All entries with the tag are dead for all threads at once; false when there are none. */
  invalidateTag(mark: string): boolean {
    return this.#cells.invalidate(mark);
  }

  /** The same, but for what {@link expiredAt} says of them from then on. */
  expireTag(mark: string, now: number): boolean {
    return this.#cells.expire(mark, now);
  }

  /** A tag that a dead entry is dead because of. */
  deadMarkOf(handle: Handle): string | undefined {
    return this.#cells.deadMarkOf(handle);
  }

  /** The tags that these cells are of, by cell and what that said; `undefined` for one that is gone. */
  marksIn(cells: readonly number[]): readonly (string | undefined)[] {
    return this.#cells.marksIn(cells);
  }

  /** When a dead entry was expired, if nothing else has ended it. */
  expiredAt(handle: Handle): number | undefined {
    return this.entries.isCleared(handle) ? undefined : this.#cells.expiredAt(handle);
  }

  /** Whether there are such entries. */
  get hasExpired(): boolean {
    return this.#cells.hasExpired;
  }

  /** {@link invalidateTag} for every tag. */
  invalidateTags(): boolean {
    return this.#cells.invalidateAll();
  }

  /** An entry that is dead because of a tag: to be removed when there is time. */
  get deadByTag(): Handle | undefined {
    return this.#cells.firstDead();
  }

  /** The turn of the numbers that entries have as their versions. */
  get turn(): number {
    return this.#memory.get(turnAt);
  }

  /** To be called when the generations of all functions that have entries were raised: see `idFound`. */
  beginTurn(turn: number): void {
    this.#memory.publish(turnAt, turn);
  }

  /** Never more than `maxSize`. */
  usedBytes(): number {
    return this.#room.used();
  }

  usage(): ArenaUsage {
    return this.#room.usage();
  }

  /** Does some of what makes room for later; true while there is more to do. */
  tidy(): boolean {
    return this.#room.tidy();
  }

  #refuse(refusal: RoomRefusal): undefined {
    this.refusal = refusal;
  }

  /** Writes the entry and publishes it; `undefined` when some part of it finds no room. */
  #place(
    entry: NewEntry,
    hash: number,
    size: number,
    buffer: SharedArrayBuffer | undefined,
  ): Handle | undefined {
    if (!this.#index.prepare(hash)) return undefined;
    const handle = this.#handles.take(entry.version);
    if (handle === NONE) return undefined;
    const at = this.#log.allocate(size, Stream.fresh);
    if (at === 0) {
      this.#handles.giveBack(handle);
      return undefined;
    }
    if (buffer) {
      this.entries.keepBeside(handle, buffer);
      this.#room.expect(0);
    }
    this.entries.write(handle, at, entry, this.#key, hash);
    if (entry.marks) this.#cells.link(handle);
    this.#index.insert(hash, at / 8);
    this.#room.added();
    return handle;
  }
}

/** What an entry with tags lives under anyway. */
function termsOf({ terms, expiresAt }: NewEntry): Terms {
  return terms ?? { freshUntil: expiresAt, calmUntil: expiresAt };
}

function ownBuffer({ bytes, mayBeShared = true }: EntryParts): SharedArrayBuffer | undefined {
  if (!mayBeShared) return undefined;
  const { buffer, byteLength } = bytes;
  const isOwn = buffer instanceof SharedArrayBuffer && buffer.byteLength === byteLength;
  return isOwn ? buffer : undefined;
}

function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

/** Reserves the memory; less when there is less to be had, as in a small container. */
function allocate(maxSize: number, seed: number): ArenaShare {
  for (let size = Math.min(maxSize, LARGEST_LOG); ; size /= 2) {
    const layout = { ...layoutFor(size, seed), maxSize };
    try {
      return { buffer: new SharedArrayBuffer(layout.bytes), layout };
    } catch (error) {
      if (!(error instanceof RangeError) || size < 2 ** 20) throw error;
    }
  }
}
