/**
 * How a thread reads the cached values of one function: its near cache, then the arena.
 *
 * `hitOne()` is the common case, one argument and a value that this thread has had lately: a lookup
 * in a `Map`, one atomic load, and a few plain loads and stores. Whatever is added to it is paid by
 * every hit.
 */

import type { ArenaReader } from '../arena/reader.ts';
import { Codec } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { decodeAt } from '../values/decode.ts';
import { type EntryValues, isKept, MISS, type Values } from './entry-values.ts';
import { ENTRY_BYTES, NearCache, type NearEntry, type NearLimits } from './near-cache.ts';

export { MISS };

const COST_UNITS = 2 ** 14;

/** What all functions of a thread share. */
export interface ThreadReads {
  readonly reader: ArenaReader;
  readonly limits: NearLimits;
  readonly values: EntryValues;
  /** The coordinator's clock, in milliseconds. */
  readonly now: () => number;
}

export class FunctionReads {
  readonly #definition: Definition;
  readonly #thread: ThreadReads;
  readonly #reader: ArenaReader;
  readonly #number: number;
  readonly #values: Values;
  /** By the only argument, where that alone can stand for the key. */
  readonly #byOne: NearCache<unknown>;
  readonly #byKey: NearCache<string>;

  /** @param number the coordinator's for the function */
  constructor(definition: Definition, number: number, thread: ThreadReads) {
    const { reader, limits } = thread;
    this.#definition = definition;
    this.#thread = thread;
    this.#reader = reader;
    this.#number = number;
    this.#values = definition.options.values;
    this.#byOne = new NearCache(limits);
    this.#byKey = new NearCache(limits);
  }

  /** The value, counted as a hit and as a use of it; or {@link MISS}. @throws {KeyError} */
  hit(args: readonly unknown[]): unknown {
    return this.#search(args, true);
  }

  /** The same for one argument, and only if this thread has had the value lately. */
  hitOne(arg: unknown): unknown {
    const entry = this.#byOne.young.get(arg);
    return entry !== undefined && this.#isCurrent(entry) ? this.#use(entry) : MISS;
  }

  /** The same, without a trace. @throws {KeyError} */
  peek(args: readonly unknown[]): unknown {
    return this.#search(args, false);
  }

  /** Holds on to the entry, if it is in shared memory: see `Held` in `side.ts`. @throws {KeyError} */
  hold(args: readonly unknown[]): { readonly ms: number; use(): boolean } | undefined {
    const reader = this.#reader;
    if (!reader.find(this.#number, this.#definition.argsKey(args), this.#thread.now())) {
      return undefined;
    }
    const { version, handle, generation, cost: ms, expiresAt: until } = reader;
    reader.leave();
    const expiresAt = until === Number.POSITIVE_INFINITY ? undefined : until;
    const cost = Math.round(ms * COST_UNITS);
    const entry = { version, handle, generation, cost, expiresAt, value: undefined, bytes: 0 };
    const use = (): boolean => {
      const isCurrent = this.#isCurrent(entry);
      if (isCurrent) this.#use(entry);
      return isCurrent;
    };
    return { ms, use };
  }

  #isCurrent(entry: NearEntry): boolean {
    return (
      this.#reader.isCurrent(entry.handle, entry.version, this.#number, entry.generation) &&
      (entry.expiresAt === undefined || entry.expiresAt > this.#thread.now())
    );
  }

  #use(entry: NearEntry): unknown {
    this.#reader.countHit(this.#number, true, entry.cost / COST_UNITS);
    this.#reader.mark(entry.handle);
    return entry.value;
  }

  #search(args: readonly unknown[], counts: boolean): unknown {
    const definition = this.#definition;
    if (isOne(definition, args)) {
      const entry = this.#byOne.get(args[0]);
      if (entry && this.#isCurrent(entry)) return counts ? this.#use(entry) : entry.value;
      return this.#readShared(definition.argsKey(args), counts, this.#byOne, args[0]);
    }
    const key = definition.argsKey(args);
    const entry = this.#byKey.get(key);
    if (entry && this.#isCurrent(entry)) return counts ? this.#use(entry) : entry.value;
    return this.#readShared(key, counts, this.#byKey, key);
  }

  #readShared<Key>(argsKey: string, counts: boolean, near: NearCache<Key>, key: Key): unknown {
    const reader = this.#reader;
    if (!reader.find(this.#number, argsKey, Number.NEGATIVE_INFINITY)) return MISS;
    try {
      const expiresAt =
        reader.expiresAt === Number.POSITIVE_INFINITY ? undefined : reader.expiresAt;
      if (expiresAt !== undefined && expiresAt <= this.#thread.now()) return MISS;
      const { version, handle, generation, length } = reader;
      const value = reader.external ? this.#valueBeside() : this.#valueHere();
      if (value === MISS) return MISS;
      if (counts) {
        reader.countHit(this.#number, false, reader.cost);
        reader.mark(handle);
      }
      if (isKept(this.#values, value, length)) {
        const cost = Math.round(reader.cost * COST_UNITS);
        const bytes = ENTRY_BYTES + length;
        near.set(key, { version, handle, value, generation, cost, expiresAt, bytes });
      }
      return value;
    } finally {
      reader.leave();
    }
  }

  /** Of the entry found, whose bytes lie in the arena. */
  #valueHere(): unknown {
    const { bytes: memory, start, length, codec, version } = this.#reader;
    const end = start + length;
    if (this.#values === 'copy' || codec < Codec.buffer)
      return decodeAt(memory, start, end, codec as Codec);
    const bytes = memory.subarray(start, end);
    return this.#thread.values.of(this.#values, version, { codec: codec as Codec, bytes });
  }

  /** Of the entry found, whose bytes this thread may have, or not. */
  #valueBeside(): unknown {
    const { version, codec } = this.#reader;
    // Nothing in the arena is read any more, and this may take a while.
    this.#reader.leave();
    return this.#thread.values.ofLocated(this.#values, version, codec as Codec);
  }
}

/** Whether the argument itself can stand for the key. For a Map, 0 and -0 are the same. */
function isOne({ options }: Definition, args: readonly unknown[]): boolean {
  if (args.length !== 1 || options.key) return false;
  const arg = args[0];
  return typeof arg === 'string' || (typeof arg === 'number' && arg !== 0);
}
