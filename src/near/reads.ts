/**
 * How a thread reads the cache: by itself, without a message and without waiting. The same on the
 * coordinator's own thread and in workers.
 */

import type { ArenaShare } from '../arena/layout.ts';
import { ArenaReader } from '../arena/reader.ts';
import type { Portable, Reading } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { EntryValues } from './entry-values.ts';
import { FunctionReads, MISS, type ThreadReads } from './function-reads.ts';
import { NearLimits } from './near-cache.ts';

export { MISS };

export const NEAR_ENTRIES = 0;
export const NEAR_BYTES = 1;

export class Reads {
  #thread: ThreadReads | undefined;
  readonly #functions = new Map<Definition, FunctionReads>();
  readonly #numbers = new Map<string, number>();
  readonly #limits = new NearLimits((entries, bytes) => {
    this.#thread?.reader.count(NEAR_ENTRIES, entries);
    this.#thread?.reader.count(NEAR_BYTES, bytes);
  });
  readonly #values = new EntryValues(this.#limits);
  readonly #forSync: boolean;

  /** @param forSync whether `sync` may read without asking the side first: see `Definition.reads` */
  constructor(forSync: boolean) {
    this.#forSync = forSync;
  }

  /** Until then everything is a miss. */
  connect({ share, slot, clockOffset }: Reading): void {
    const reader = new ArenaReader(share as ArenaShare, slot);
    const offset = clockOffset - clockOffsetHere();
    this.#thread = {
      reader,
      limits: this.#limits,
      values: this.#values,
      now: () => performance.now() + offset,
    };
  }

  /** The coordinator's number for a function; until then it is a miss. */
  number(functionId: string, number: number): void {
    this.#numbers.set(functionId, number);
  }

  /** `undefined` while the function cannot be read. */
  of(definition: Definition): FunctionReads | undefined {
    return this.#functions.get(definition) ?? this.#start(definition);
  }

  /** The value, counted as a hit and as a use of it; or {@link MISS}. @throws {KeyError} */
  hit(definition: Definition, args: readonly unknown[]): unknown {
    const reads = this.of(definition);
    return reads ? reads.hit(args) : MISS;
  }

  /** The same, without a trace. @throws {KeyError} */
  peek(definition: Definition, args: readonly unknown[]): unknown {
    const reads = this.of(definition);
    return reads ? reads.peek(args) : MISS;
  }

  /**
   * A value that has come by a message, or was computed here, for a caller here; `id` names the
   * entry that it is of.
   */
  adopt({ options }: Definition, id: number, value: Portable): unknown {
    return this.#values.of(options.values, id, value);
  }

  /** The same, when nobody here has called for it. */
  locate(id: number, value: Portable): void {
    this.#values.locate(id, value);
  }

  #start(definition: Definition): FunctionReads | undefined {
    const number = this.#numbers.get(definition.info.id);
    if (!this.#thread || number === undefined) return undefined;
    const reads = new FunctionReads(definition, number, this.#thread);
    this.#functions.set(definition, reads);
    if (this.#forSync) definition.reads = reads;
    return reads;
  }
}

/**
 * `performance.now()` begins when its thread does; `process.hrtime()` is the same in all of them.
 * Milliseconds from the one to the other.
 */
export function clockOffsetHere(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return performance.now() - (seconds * 1000 + nanoseconds / 1e6);
}
