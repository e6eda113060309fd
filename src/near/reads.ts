/**
 * How a thread reads the cache: its near cache, then the arena. The same on the coordinator's own
 * thread and in workers; it sends no message and never waits.
 */

import type { ArenaShare } from '../arena/layout.ts';
import { ArenaReader } from '../arena/reader.ts';
import type { Codec, Portable, Reading } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { decodeAt } from '../values/decode.ts';
import { FrozenValues } from '../values/frozen-values.ts';
import { fromPortable, isPrimitive } from '../values/portable.ts';
import { NearCache, type NearEntry, NearLimits } from './near-cache.ts';

/** There is no value; every value is possible, `undefined` too. */
export const MISS: unique symbol = Symbol('miss');

interface OfFunction {
  /** The coordinator's number for the function; -1 until that is known. */
  number: number;
  readonly isFrozen: boolean;
  /** By the only argument, where that is a string or a number. */
  readonly byOne: NearCache<unknown>;
  readonly byKey: NearCache<string>;
}

/** About what an entry takes in the near cache beside its value. */
const ENTRY_BYTES = 150;
/** Values above this are decoded each time rather than kept. */
const LARGEST = 2 ** 18;
export const NEAR_ENTRIES = 0;
export const NEAR_BYTES = 1;

export class Reads {
  #reader: ArenaReader | undefined;
  #clockOffset = 0;
  readonly #limits: NearLimits;
  readonly #functions = new Map<Definition, OfFunction>();
  readonly #numbers = new Map<string, number>();
  readonly #frozen = new FrozenValues();
  #entries = 0;
  #bytes = 0;

  constructor() {
    this.#limits = new NearLimits((entries, bytes) => {
      this.#reader?.count(NEAR_ENTRIES, entries - this.#entries);
      this.#reader?.count(NEAR_BYTES, bytes - this.#bytes);
      this.#entries = entries;
      this.#bytes = bytes;
    });
  }

  /** Until then everything is a miss. */
  connect({ share, slot, clockOffset }: Reading): void {
    this.#reader = new ArenaReader(share as ArenaShare, slot);
    this.#clockOffset = clockOffset - clockOffsetHere();
  }

  /** The coordinator's number for a function; until then it is a miss. */
  number(functionId: string, number: number): void {
    this.#numbers.set(functionId, number);
    for (const [{ info }, of] of this.#functions) if (info.id === functionId) of.number = number;
  }

  /** The value, counted as a hit and as a use of it; or {@link MISS}. @throws {KeyError} */
  hit(definition: Definition, args: readonly unknown[]): unknown {
    return this.#read(definition, args, true);
  }

  /** The same, without a trace. */
  peek(definition: Definition, args: readonly unknown[]): unknown {
    return this.#read(definition, args, false);
  }

  /** A value that has come by a message, for a caller here; `id` names the entry that it is of. */
  adopt({ options }: Definition, id: number, value: Portable): unknown {
    const make = () => fromPortable(value);
    return options.values === 'frozen' ? this.#frozen.get(id, make) : make();
  }

  #read(definition: Definition, args: readonly unknown[], counts: boolean): unknown {
    const of = this.#functions.get(definition) ?? this.#start(definition);
    const reader = this.#reader;
    if (!reader || of.number < 0) return MISS;
    if (isOne(definition, args)) {
      const near = this.#readNear(reader, of, of.byOne.get(args[0]), counts);
      if (near !== MISS) return near;
      return this.#readShared(reader, of, definition.argsKey(args), counts, of.byOne, args[0]);
    }
    const key = definition.argsKey(args);
    const near = this.#readNear(reader, of, of.byKey.get(key), counts);
    return near !== MISS ? near : this.#readShared(reader, of, key, counts, of.byKey, key);
  }

  #readNear(
    reader: ArenaReader,
    { number }: OfFunction,
    entry: NearEntry | undefined,
    counts: boolean,
  ): unknown {
    if (!entry || !reader.isCurrent(entry.handle, entry.version, number, entry.generation))
      return MISS;
    if (entry.expiresAt !== Number.POSITIVE_INFINITY && entry.expiresAt <= this.#now()) return MISS;
    if (counts) {
      reader.countHit(number, true, entry.cost);
      reader.mark(entry.handle);
    }
    return entry.value;
  }

  #readShared<Key>(
    reader: ArenaReader,
    { number, isFrozen }: OfFunction,
    argsKey: string,
    counts: boolean,
    near: NearCache<Key>,
    key: Key,
  ): unknown {
    if (!reader.find(number, argsKey, Number.NEGATIVE_INFINITY)) return MISS;
    try {
      const { version, handle, generation, expiresAt, cost, length } = reader;
      const hasExpired = expiresAt !== Number.POSITIVE_INFINITY && expiresAt <= this.#now();
      // A large value has a buffer of its own, which the coordinator has.
      if (hasExpired || reader.external) return MISS;
      const value = isFrozen ? this.#frozen.get(version, () => decoded(reader)) : decoded(reader);
      if (counts) {
        reader.countHit(number, false, cost);
        reader.mark(handle);
      }
      if (length <= LARGEST && (isFrozen || isPrimitive(value))) {
        const bytes = ENTRY_BYTES + length;
        near.set(key, { version, handle, generation, expiresAt, cost, value, bytes });
      }
      return value;
    } finally {
      reader.leave();
    }
  }

  #now(): number {
    return performance.now() + this.#clockOffset;
  }

  #start(definition: Definition): OfFunction {
    const of: OfFunction = {
      number: this.#numbers.get(definition.info.id) ?? -1,
      isFrozen: definition.options.values === 'frozen',
      byOne: new NearCache(this.#limits),
      byKey: new NearCache(this.#limits),
    };
    this.#functions.set(definition, of);
    return of;
  }
}

function decoded({ bytes, start, length, codec }: ArenaReader): unknown {
  return decodeAt(bytes, start, start + length, codec as Codec);
}

/** Whether the argument itself can stand for the key; a Map takes -0 for 0, though. */
function isOne({ options }: Definition, args: readonly unknown[]): boolean {
  if (args.length !== 1 || options.key) return false;
  const arg = args[0];
  return typeof arg === 'string' || (typeof arg === 'number' && (arg !== 0 || 1 / arg > 0));
}

/**
 * `performance.now()` begins when its thread does; `process.hrtime()` is the same in all of them.
 * Milliseconds from the one to the other.
 */
export function clockOffsetHere(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return performance.now() - (seconds * 1000 + nanoseconds / 1e6);
}
