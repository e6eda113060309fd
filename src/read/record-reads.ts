/**
 * Records of a tier, as a thread reads them by itself: without a message, where the engine can be opened in
 * every thread. What is not found, is too large, or can only be given to several callers at once is asked
 * for, like everything that memory does not have.
 *
 * The coordinator is told later, of many at a time, which records were used, where the tier's order of use
 * does not know that yet; and the second time in a while that a record is read here, memory is to keep it. What is counted is counted
 * at once, in the arena.
 *
 * Invariant: a read that begins after an invalidation has returned does not find what that has forgotten,
 * nor does memory get it: see `order/fences.ts`.
 */

import type { Call } from '../call/call.ts';
import { keyOf } from '../call/registry.ts';
import { bucketOf, FenceView } from '../order/fences.ts';
import type {
  Freshness,
  ReadableTier,
  RecordRead,
  RecordReader,
  RecordToKeep,
  ToCoordinator,
} from '../protocol.ts';
import { setTimeout } from '../runtime/globals.ts';
import { hasHeadroom } from '../runtime/headroom.ts';
import { decode } from '../values/decode.ts';
import { isPrimitive } from '../values/primitive.ts';
import { type Found, MISSED, type ThreadReads } from './function-reads.ts';

export type RecordsRead = Extract<ToCoordinator, { type: 'read' }>;

/** Milliseconds after which the coordinator is told at the latest, and records that it is told of at once. */
const TELL_AFTER = 1000;
const TELL_AT = 256;

class ReadableFunction {
  readonly tierId: string;
  readonly number: number;
  readonly bucket: number;
  /** Of the fence, when a snapshot was last known to be as new. */
  seen: number | undefined;
  /** How often each key was read since the coordinator was told. */
  readonly uses = new Map<string, number>();
  /** Those of which it is to be told. */
  news: string[] = [];
  keep: RecordToKeep[] = [];

  constructor(id: string, tierId: string, number: number) {
    this.tierId = tierId;
    this.number = number;
    this.bucket = bucketOf(id);
  }
}

export interface RecordReadsParts {
  /** Tells the coordinator which records were read. */
  readonly tell: (read: RecordsRead) => void;
  /** Milliseconds since 1970, by the pool's clock. */
  readonly date: () => number;
}

export class RecordReads {
  readonly #thread: ThreadReads;
  readonly #parts: RecordReadsParts;
  readonly #fences: FenceView;
  readonly #functions = new Map<string, ReadableFunction>();
  #reader: RecordReader | undefined;
  #isClosed = false;
  #untold = 0;
  #tellsLater = false;

  constructor(tier: ReadableTier, thread: ThreadReads, parts: RecordReadsParts) {
    this.#thread = thread;
    this.#parts = parts;
    this.#fences = new FenceView(tier.fences);
    void this.#open(tier);
  }

  add(id: string, tierId: string, number: number): void {
    this.#functions.set(id, new ReadableFunction(id, tierId, number));
  }

  /** @param isUse see `FunctionReads.look` @throws {KeyError} */
  look(call: Call, isUse: boolean): Found {
    const { info, options } = call.definition;
    const fn = this.#functions.get(info.id);
    if (!fn || !this.#reader || !hasHeadroom()) return MISSED;
    // What is stale, how old it may be, and whether it was used, the coordinator decides.
    if (call.limits.maxAge !== undefined || hasWindows(info.freshness)) return MISSED;
    const { key } = call;
    const generation = this.#fences.generation(fn.bucket);
    if (generation === undefined) return MISSED;
    const record = this.#read(this.#reader, fn, key, generation);
    if (!record || this.#fences.generation(fn.bucket) !== generation) return MISSED;
    const { value, expiresAt } = record;
    if (expiresAt <= this.#parts.date()) return MISSED;
    // One for all callers of the thread is made of an entry in memory.
    if (!isPrimitive(value) && options.values !== 'copy') return MISSED;
    const copy = isPrimitive(value) ? value : decode(value);
    if (isUse) this.#use(fn, key, record, generation);
    return { state: 'hit', value: copy };
  }

  close(): void {
    this.#isClosed = true;
    void this.#reader?.close().catch(() => {});
    this.#reader = undefined;
  }

  /** Without it, everything is asked for. */
  async #open({ module, data }: ReadableTier): Promise<void> {
    try {
      const { openReader } = (await import(module)) as {
        openReader(data: unknown): RecordReader;
      };
      if (!this.#isClosed) this.#reader = this.#fences.open(() => openReader(data));
    } catch {
      // A bundler has left the file out, or the thread may not load native code.
    }
  }

  #read(
    reader: RecordReader,
    fn: ReadableFunction,
    key: string,
    generation: number,
  ): RecordRead | undefined {
    try {
      if (fn.seen !== generation) reader.takeSnapshot();
      fn.seen = generation;
      return reader.get(fn.tierId, keyOf(fn.tierId, key));
    } catch {
      this.close();
      return undefined;
    }
  }

  #use(fn: ReadableFunction, key: string, record: RecordRead, generation: number): void {
    this.#thread.reader.countRecord(fn.number, record.ms);
    const times = (fn.uses.get(key) ?? 0) + 1;
    fn.uses.set(key, times);
    if (times === 2 && record.isKept) fn.keep.push({ key, ...record, generation });
    if (times === 1) {
      this.#untold++;
      if (this.#reader?.isNews(fn.tierId, keyOf(fn.tierId, key))) fn.news.push(key);
    }
    if (this.#untold >= TELL_AT) this.#tellNow();
    else if (!this.#tellsLater) this.#tellLater();
  }

  #tellLater(): void {
    this.#tellsLater = true;
    setTimeout(() => {
      this.#tellsLater = false;
      this.#tellNow();
    }, TELL_AFTER).unref();
  }

  #tellNow(): void {
    this.#untold = 0;
    for (const [id, fn] of this.#functions) {
      const { news, keep } = fn;
      const uses = news.flatMap((key) => [key, fn.uses.get(key) as number]);
      fn.uses.clear();
      if (uses.length + keep.length === 0) continue;
      fn.news = [];
      fn.keep = [];
      this.#parts.tell({ type: 'read', fn: id, uses, keep });
    }
  }
}

function hasWindows(freshness: Freshness | undefined): boolean {
  if (!freshness) return false;
  const { staleWhileRevalidate, staleIfError, refreshAhead, tti = 0 } = freshness;
  return staleWhileRevalidate + staleIfError + refreshAhead + tti > 0;
}
