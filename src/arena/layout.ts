/**
 * The arena: one shared cache table that one thread writes and all threads read without a lock.
 *
 * One `SharedArrayBuffer` holds, in this order: 256 empty bytes; a slot for every thread (its epoch
 * and its counters); a generation for every function; hits by thread and function; the directory of
 * the index; the log, cut into segments. Entries, pages of the index and chunks of the handle map
 * are *records* in the log (`record.ts`). The table of handles grows downwards from the log's end
 * and takes whole segments from it. Memory that was never touched costs nothing, so everything is
 * reserved at once and no thread ever needs a second buffer. What has been touched cannot
 * be given back, so everything that may shrink lies in the log, where others can have its place.
 *
 * ## The protocol
 *
 * Only the writer stores (threads store into their own slot, and use marks, where a lost one is no
 * harm). A record that threads can reach is never changed, except for the slots of an index page,
 * which are single words. So three things could go wrong, and each has one rule.
 *
 * *A thread must not see half an entry.* The writer fills in a record with plain stores, then
 * publishes it with `Atomics.store` of its place into an index slot. The thread reads the slot with
 * `Atomics.load`: it synchronizes with that store, so what was written before it happens before what
 * is read after it, whatever the CPU reorders. The same holds for a page and its directory cell.
 *
 * *A thread must not read memory that has been used again.* Before it looks, it makes its epoch odd
 * with `Atomics.store`, and when it has copied what it wants, even again. The writer unlinks a record
 * with `Atomics.store`, later loads all epochs, and reuses the memory only when each has been even,
 * or has changed, since (`epochs.ts`). Atomic accesses have one total order. If the writer's load
 * came before the thread's store, then the unlinking did too, and the thread's load of the directory
 * cell or slot, which follows its store, finds the record gone. Otherwise the writer saw the odd
 * epoch, and waits; and when it has loaded the even one, it has synchronized with it: the thread's
 * reads happen before the writes. There is no race for these bytes at all.
 *
 * *A thread must not serve what is dead.* Death is a store too: the slot is overwritten and the
 * handle's version raised, or the function's generation. A thread that has learned of it in any way
 * (a message, a flag, an answer) is ordered after it and cannot read the older value, not even with
 * a plain load; and one that has not looks again at every read, with atomic operations between two
 * reads that no compiler moves them across.
 *
 * A sequence lock (read the version, the bytes, the version again) would be simpler and wrong. In
 * this memory model a plain load may come after a later atomic load: nothing keeps the bytes from
 * being read after the second look at the version, and ARM does that. And while it overwrites an
 * entry that is being read, a thread would see lengths that never were.
 *
 * A thread may miss what is there: while slots of a page are moved up after a removal, an entry can
 * be in the place that the thread has passed already. It then asks the coordinator, which is slow
 * and right. Everything that could make it answer with something wrong is excluded above.
 *
 * ## What it costs
 *
 * An entry: 40 bytes of header, as many again and 8 a tag where it has terms (`record.ts`), 5 of alignment in the mean (the value on 8, the key on 4, the end on
 * 8), 5 in the handle table, 4 in the handle map, and 4 for every index slot, of which 41 to 81 in a
 * hundred are taken: 7 in the mean, 61 together.
 *
 * 87 in 100 bytes of `maxSize` can be alive, bookkeeping included. The rest is what cleaning needs:
 * dead bytes to collect, two half-full segments, an empty one (`cleaner.ts`).
 */

/** Threads that can be joined at a time. */
export const THREADS = 1024;
/** A thread's slot: its epoch on two cache lines of its own, then its counters. */
const THREAD_BYTES = 256;
const COUNTERS_IN_THREAD = 128;
/** Numbers that every thread counts up, and the writer adds up; what they mean is not known here. */
export const COUNTERS = 16;
/** Functions that have numbers of their own. */
export const FUNCTIONS = 2 ** 18;
/**
 * Functions whose hits are counted in the arena; for those of a further one each thread makes room. Each
 * reserves 48 KiB, for every thread that there can be, and a system may count what is reserved as taken.
 */
export const COUNTED_FUNCTIONS = 128;
/**
 * Of a thread and function: near hits, shared hits, the cost of what was hit, stale near hits, records of a
 * tier, and stale shared hits. Stale ones are not among the others, so that no count ever goes down.
 */
export const HIT_COLUMNS = 6;

/** The index among the words, within the empty bytes, of the turn that the entries' versions are of. */
export const turnAt = 32;
/** The same for a count of the moves within pages of the index, which is odd while there is one. */
export const movesAt = 48;

const THREADS_AT = 256;
const GENERATIONS_AT = THREADS_AT + THREADS * THREAD_BYTES;
const HITS_AT = GENERATIONS_AT + FUNCTIONS * 4;
const DIRECTORY_AT = HITS_AT + THREADS * COUNTED_FUNCTIONS * HIT_COLUMNS * 8;

/** Offsets of bytes, words and doubles must fit 31 bits, which keeps arithmetic on them fast. */
export const LARGEST_LOG: number = 2 ** 31 - 2 ** 25;
const PAGE_OF_MEMORY = 4096;

/** What a thread needs to know to read; plain numbers, so that it can be sent to one. */
export interface Layout {
  readonly maxSize: number;
  /** Of the whole buffer. */
  readonly bytes: number;
  /** Makes the hashes of one process unlike those of another. */
  readonly seed: number;
  /** Segments are as long as a power of two. */
  readonly segmentBits: number;
  readonly segments: number;
  /** Where the first segment begins, in bytes. */
  readonly log: number;
  /** The largest record. A value that does not fit gets a buffer of its own. */
  readonly largestRecord: number;
  /** Slots of one page of the index: 2 to the power of this. */
  readonly pageBits: number;
  /** Cells of the directory: 2 to the power of this. */
  readonly directoryBits: number;
  /** Bits of an index slot that hold the place of a record; the others hold some of its hash. */
  readonly unitBits: number;
  /** Handles of one chunk of the handle map: 2 to the power of this. */
  readonly chunkBits: number;
}

export interface ArenaShare {
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
}

/**
 * 64 segments or more leave little to segments that are half full, and 512 KiB are enough for a
 * segment to hold many records of the largest size. A tiny arena has fewer, and wastes more.
 */
export function layoutFor(maxSize: number, seed: number): Layout {
  const log = Math.min(Math.floor(maxSize), LARGEST_LOG);
  const segmentBits = clamp(Math.floor(Math.log2(Math.max(log, 1) / 64)), 9, 19);
  const segmentBytes = 2 ** segmentBits;
  const segments = Math.floor(log / segmentBytes);
  const pageBits = clamp(segmentBits - 4, 5, 11);
  const directoryBits = clamp(Math.ceil(Math.log2((log / 64) * 5)) - pageBits, 1, 20);
  const logAt = roundUp(DIRECTORY_AT + 4 * 2 ** directoryBits, PAGE_OF_MEMORY);
  const bytes = logAt + segments * segmentBytes;
  return {
    maxSize,
    bytes,
    seed,
    segmentBits,
    segments,
    log: logAt,
    largestRecord: Math.min(segmentBytes >> (segmentBits < 12 ? 1 : 2), 2 ** 16 + 2 ** 12),
    pageBits,
    directoryBits,
    unitBits: Math.ceil(Math.log2(bytes / 8)),
    chunkBits: clamp(segmentBits - 5, 4, 10),
  };
}

/** The index of a thread's epoch among the words. */
export function epochAt(slot: number): number {
  return (THREADS_AT + slot * THREAD_BYTES) / 4;
}

/** The index of a thread's first counter among the doubles. */
export function countersAt(slot: number): number {
  return (THREADS_AT + slot * THREAD_BYTES + COUNTERS_IN_THREAD) / 8;
}

/** The index of a thread's hits of function 0 among the doubles. */
export function hitsAt(slot: number): number {
  return (HITS_AT + slot * COUNTED_FUNCTIONS * HIT_COLUMNS * 8) / 8;
}

/** The index of function 0's generation among the words. */
export const generationsAt: number = GENERATIONS_AT / 4;
/** The index of the directory's first cell among the words. */
export const directoryAt: number = DIRECTORY_AT / 4;

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
