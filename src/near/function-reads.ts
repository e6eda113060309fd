/**
 * How a thread reads the cached values of one function: its near cache, then the arena.
 *
 * `hitOne()` is the common case, one argument and a value that this thread has had lately: a lookup
 * in a `Map`, one atomic load, and a few plain loads and stores. Whatever is added to it is paid by
 * every hit.
 */

import type { ArenaReader } from '../arena/reader.ts';
import type { Codec } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { decodeAt } from '../values/decode.ts';
import type { FrozenValues } from '../values/frozen-values.ts';
import { isPrimitive } from '../values/portable.ts';
import { NearCache, type NearEntry, type NearLimits } from './near-cache.ts';

/** There is no value; every value is possible, `undefined` too. The same for all copies of this package. */
export const MISS: unique symbol = Symbol.for('threadmemo:miss');

const COST_UNITS = 2 ** 14;
/** About what an entry takes in the near cache beside its value. */
const ENTRY_BYTES = 150;
/** Values above this are decoded each time rather than kept. */
const LARGEST = 2 ** 18;

/** What all functions of a thread share. */
export interface ThreadReads {
  readonly reader: ArenaReader;
  readonly limits: NearLimits;
  readonly frozen: FrozenValues;
  /** The coordinator's clock, in milliseconds. */
  readonly now: () => number;
}

export class FunctionReads {
  readonly #definition: Definition;
  readonly #thread: ThreadReads;
  readonly #reader: ArenaReader;
  readonly #number: number;
  readonly #isFrozen: boolean;
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
    this.#isFrozen = definition.options.values === 'frozen';
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
      // A large value has a buffer of its own, which the coordinator has.
      if (reader.external || (expiresAt !== undefined && expiresAt <= this.#thread.now()))
        return MISS;
      const { version, handle, generation, length } = reader;
      const value = this.#valueOf(version);
      if (counts) {
        reader.countHit(this.#number, false, reader.cost);
        reader.mark(handle);
      }
      if (length <= LARGEST && (this.#isFrozen || isPrimitive(value))) {
        const cost = Math.round(reader.cost * COST_UNITS);
        const bytes = ENTRY_BYTES + length;
        near.set(key, { version, handle, value, generation, cost, expiresAt, bytes });
      }
      return value;
    } finally {
      reader.leave();
    }
  }

  #valueOf(version: number): unknown {
    const { bytes, start, length, codec } = this.#reader;
    if (!this.#isFrozen) return decodeAt(bytes, start, start + length, codec as Codec);
    const make = () => decodeAt(bytes, start, start + length, codec as Codec);
    return this.#thread.frozen.get(version, make);
  }
}

/** Whether the argument itself can stand for the key. For a Map, 0 and -0 are the same. */
function isOne({ options }: Definition, args: readonly unknown[]): boolean {
  if (args.length !== 1 || options.key) return false;
  const arg = args[0];
  return typeof arg === 'string' || (typeof arg === 'number' && arg !== 0);
}
