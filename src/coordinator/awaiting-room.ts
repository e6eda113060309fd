/**
 * Values for which room is being made: the place of one large entry may be taken by tens of thousands
 * of small ones, which do not go in one step. They wait here, in their order, and are found here.
 *
 * Invariant: a value that was invalidated, cleared or replaced is not here any more, so that no later
 * step keeps it.
 */

import type { NewEntry } from '../arena/entries.ts';
import type { Clock } from '../clock.ts';
import type { BegunKeys } from './begun.ts';
import type { FunctionRecord } from './function-record.ts';

/** Bytes of other entries that a step makes room of, at the least, while nothing else is stored. */
const LEAST_IN_A_STEP = 10_000;
/** Steps for what is not large, when a reader is in the way. */
const LEAST_STEPS = 64;

export interface AwaitingParts {
  readonly clock: Clock;
  /** Bytes that may wait; one value always may. */
  readonly most: number;
  /** Keeps threads from computing it by themselves, since they do not see it here. */
  readonly begun: BegunKeys | undefined;
  /** One step toward keeping it; false while there has to be another. */
  keep(fn: FunctionRecord, entry: NewEntry): boolean;
  /** It is not kept. */
  giveUp(fn: FunctionRecord, entry: NewEntry): void;
}

interface Awaiting {
  readonly fn: FunctionRecord;
  readonly entry: NewEntry;
  /** Its key's, see `begun.ts`. */
  readonly word: number | undefined;
  steps: number;
}

export class AwaitingRoom {
  readonly #parts: AwaitingParts;
  /** By function and key; the first has waited longest. */
  readonly #entries = new Map<string, Awaiting>();
  #bytes = 0;
  #stepAhead = false;

  constructor(parts: AwaitingParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(fn: FunctionRecord, key: string): NewEntry | undefined {
    return this.isEmpty ? undefined : this.#entries.get(nameOf(fn, key))?.entry;
  }

  /** The key must not wait already. */
  add(fn: FunctionRecord, entry: NewEntry): void {
    const bytes = this.#bytes + entry.bytes.byteLength;
    if (!this.isEmpty && bytes > this.#parts.most) return this.#parts.giveUp(fn, entry);
    this.#bytes = bytes;
    const word = this.#parts.begun?.take(fn.number, entry.key);
    this.#entries.set(nameOf(fn, entry.key), { fn, entry, word, steps: 0 });
    this.#stepLater();
  }

  remove(fn: FunctionRecord, key: string): void {
    const name = nameOf(fn, key);
    const awaiting = this.#entries.get(name);
    if (!awaiting) return;
    this.#bytes -= awaiting.entry.bytes.byteLength;
    this.#entries.delete(name);
    if (awaiting.word !== undefined) this.#parts.begun?.release(awaiting.word);
  }

  removeAllOf(fn: FunctionRecord): void {
    for (const { fn: other, entry } of [...this.#entries.values()]) {
      if (other === fn) this.remove(fn, entry.key);
    }
  }

  /** Those that have one of these tags, or without them any. */
  removeTagged(marks?: readonly string[]): void {
    const wanted = marks && new Set(marks);
    for (const { fn, entry } of [...this.#entries.values()]) {
      if (entry.marks?.some((mark) => !wanted || wanted.has(mark))) this.remove(fn, entry.key);
    }
  }

  #stepLater(): void {
    if (this.#stepAhead) return;
    this.#stepAhead = true;
    this.#parts.clock.soon(() => {
      this.#stepAhead = false;
      const first: Awaiting | undefined = this.#entries.values().next().value;
      if (first) this.#step(first);
    });
  }

  #step(awaiting: Awaiting): void {
    const { fn, entry } = awaiting;
    const { clock, keep, giveUp } = this.#parts;
    const hasExpired = entry.expiresAt <= clock.now();
    if (hasExpired || keep(fn, entry)) this.remove(fn, entry.key);
    else if (++awaiting.steps > LEAST_STEPS + entry.bytes.byteLength / LEAST_IN_A_STEP) {
      this.remove(fn, entry.key);
      giveUp(fn, entry);
    }
    if (!this.isEmpty) this.#stepLater();
  }
}

function nameOf(fn: FunctionRecord, key: string): string {
  return `${fn.number} ${key}`;
}
