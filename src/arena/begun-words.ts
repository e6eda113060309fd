/**
 * The words by which threads and the coordinator agree on who begins a key, without a message.
 *
 * A thread that finds nothing may begin at once, if it is the first: it posts its claim, and then
 * exchanges the word of the key's hash, which must still be what it was before the thread looked. Each
 * change of a word raises its version, so an exchange fails if anything was wanted, or has ended, meanwhile.
 * Keys of one hash share a word: then one of them is asked for by message, which is slow and right.
 *
 * A word is `version << 11 | owner`. The owner is none, the coordinator (keys of this hash have live
 * flights), or a thread, whose claim the coordinator has not read. A version wraps around after 2^21
 * changes: a thread would have to stand still between two instructions for exactly so many.
 */

import { THREADS } from './layout.ts';

/** So many that what threads have begun and the coordinator has not read seldom meets; 256 KiB, mostly untouched. */
const HASHES = 2 ** 16;
/** Functions of higher numbers are always asked for by message. */
const FUNCTIONS_THAT_MAY = 2 ** 12;
const OWNER_BITS = 11;
const OWNER = 2 ** OWNER_BITS - 1;
/** Characters that the hash of a long key looks at: so many at its end, where keys differ most, and as many before. */
const MOST_LOOKED_AT = 32;

export const NONE = 0;
export const COORDINATOR = 1;
const FIRST_THREAD = 2;

export class BegunWords {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #may: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(HASHES * 4 + FUNCTIONS_THAT_MAY)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, HASHES);
    this.#may = new Uint8Array(buffer, HASHES * 4);
  }

  static readonly count: number = HASHES;

  /** The index of the word for a key of the function with this number. */
  at(fn: number, key: string): number {
    const { length } = key;
    const step = Math.ceil(length / MOST_LOOKED_AT) || 1;
    let hash = Math.imul(fn + 1, 0x9e3779b1) ^ length;
    for (let i = length - 1; i >= 0; i -= i > length - MOST_LOOKED_AT ? 1 : step)
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) & (HASHES - 1);
  }

  load(at: number): number {
    return Atomics.load(this.#words, at);
  }

  /** False when the word is not `from` any more. */
  exchange(at: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, at, from, to) === from;
  }

  /** Whether threads may begin keys of this function. */
  mayBegin(fn: number): boolean {
    return fn < FUNCTIONS_THAT_MAY && Atomics.load(this.#may, fn) === 1;
  }

  allow(fn: number, isAllowed: boolean): void {
    if (fn < FUNCTIONS_THAT_MAY) Atomics.store(this.#may, fn, isAllowed ? 1 : 0);
  }
}

export function ownerOf(word: number): number {
  return word & OWNER;
}

/** The thread, by its slot in the arena, whose claim is to be read; `undefined` if the owner is none. */
export function threadOf(word: number): number | undefined {
  const owner = ownerOf(word);
  return owner >= FIRST_THREAD ? owner - FIRST_THREAD : undefined;
}

/** What a word becomes with another owner. */
export function next(word: number, owner: number): number {
  return (((word >>> OWNER_BITS) + 1) << OWNER_BITS) | owner;
}

/** What a word becomes when the thread in this slot begins. */
export function nextOfThread(word: number, slot: number): number {
  return next(word, slot + FIRST_THREAD);
}

/** Whether a thread that was to change a word to `to` may still find it as it was. */
export function isBefore(word: number, to: number): boolean {
  return ownerOf(word) === NONE && next(word, ownerOf(to)) === to;
}

if (THREADS + FIRST_THREAD > OWNER) throw new Error('more threads than a word can name');
