/**
 * The table as its one writer has it: everything that changes it, on the coordinator's thread.
 *
 * It knows entries by function and key, and by handle; it decides neither what to keep nor what to
 * remove. When there is no room it says so and why, and the caller evicts, waits or does without.
 * No call takes longer than about a millisecond, whatever the size of the table.
 */

import { Cleaner } from './cleaner.ts';
import { Entries, type Handle, type NewEntry } from './entries.ts';
import { HandleTable } from './handle-table.ts';
import { HashIndex } from './hash-index.ts';
import {
  type ArenaShare,
  FUNCTIONS,
  generationsAt,
  LARGEST_LOG,
  type Layout,
  layoutFor,
} from './layout.ts';
import { Log, NONE, Stream } from './log.ts';
import { Memory } from './memory.ts';
import { PackedKey } from './packed-key.ts';
import { entryBytes, HANDLE, HASH, recordBytes } from './record.ts';
import { type ArenaUsage, bytesBeside, type Refusal, Room } from './room.ts';
import { Threads } from './threads.ts';

export class ArenaWriter {
  /** For the threads' readers. */
  readonly share: ArenaShare;
  /** What is known of an entry by its handle. */
  readonly entries: Entries;
  readonly threads: Threads;
  /** Why the last `add` that added nothing did not. */
  refusal: Refusal = 'full';
  readonly #layout: Layout;
  readonly #memory: Memory;
  readonly #log: Log;
  readonly #handles: HandleTable;
  readonly #index: HashIndex;
  readonly #room: Room;
  readonly #key: PackedKey;

  /** @param options.maxSize in bytes; an arena of less than 2 KiB holds nothing */
  constructor(options: { readonly maxSize: number; readonly seed?: number }) {
    const { maxSize, seed = Math.floor(Math.random() * 2 ** 32) } = options;
    this.share = allocate(maxSize, seed | 0);
    const { buffer, layout } = this.share;
    const memory = new Memory(buffer);
    const log = new Log(memory, layout);
    const handles = new HandleTable(memory, layout, log);
    const index = new HashIndex(memory, layout, log);
    const cleaner = new Cleaner(memory, layout, log, handles, index);
    this.entries = new Entries(memory, layout, handles);
    this.threads = new Threads(memory, log.epochs);
    this.#layout = layout;
    this.#memory = memory;
    this.#log = log;
    this.#handles = handles;
    this.#index = index;
    this.#room = new Room(layout, log, handles, this.entries, cleaner);
    this.#key = new PackedKey(layout.seed);
  }

  /**
   * Publishes an entry; the key must not be present. `undefined` when there is no room now: then
   * `refusal` says why. The bytes are copied, unless they are all of a SharedArrayBuffer: that is
   * kept as it is, however small.
   *
   * @throws {RangeError} when there can be no such function, or no buffer for a large value
   */
  add(entry: NewEntry): Handle | undefined {
    const { fn, key, bytes } = entry;
    if (!(fn >= 0 && fn < FUNCTIONS)) throw new RangeError(`no function can have number ${fn}`);
    if (key.length > this.#layout.largestRecord) return this.#refuse('never');
    const hash = this.#key.pack(fn, key);
    const keyBytes = this.#key.length >> 1;
    const whole = entryBytes(bytes.byteLength, keyBytes);
    const own = ownBuffer(bytes);
    const isBeside = own !== undefined || whole > this.#layout.largestRecord;
    const size = isBeside ? entryBytes(0, keyBytes) : whole;
    const refusal = this.#room.prepare(size, isBeside ? bytesBeside(bytes.byteLength) : 0);
    if (refusal) return this.#refuse(refusal);
    const buffer = isBeside ? (own ?? sharedCopy(bytes)) : undefined;
    const handle = this.#place(entry, hash, size, buffer);
    if (handle !== undefined) return handle;
    const unless = this.#room.hurry();
    return this.#place(entry, hash, size, buffer) ?? this.#refuse(unless);
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

  /** All entries of the function are dead for everybody at once; remove them when there is time. */
  raiseGeneration(fn: number): void {
    Atomics.add(this.#memory.words, generationsAt + fn, 1);
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

  #refuse(refusal: Refusal): undefined {
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
    this.#index.insert(hash, at / 8);
    this.#room.added();
    return handle;
  }
}

function ownBuffer({ buffer, byteLength }: Uint8Array): SharedArrayBuffer | undefined {
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
