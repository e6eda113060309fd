/**
 * Which keys threads may begin without asking, as the coordinator says it in shared memory; see
 * `arena/begun-words.ts` and docs/decisions.
 *
 * Invariants: the coordinator opens a flight of a key only while it holds the key's word, since before it has
 * looked for one; a word has an owner while a key of its hash has a live flight, or waits in memory for room
 * that threads do not see. All this only for functions that a thread has called (`hasWords`): the others' keys
 * none begins, and they cost nothing here. A thread's claim is in its channel before the word is the thread's. So
 * when the coordinator looks for a flight, and the word is a thread's, it reads that claim first.
 */

import {
  BegunWords,
  COORDINATOR,
  isBefore,
  NONE,
  next,
  ownerOf,
  threadOf,
} from '../arena/begun-words.ts';
import type { BegunClaim, FunctionInfo } from '../protocol.ts';
import type { FunctionRecord } from './function-record.ts';

/** Has a thread's claims that were not read applied, where it has begun: by its slot, or of all threads. */
export type ReadAhead = (slot?: number) => void;

/** What a function may have, and the coordinator need not be asked before it is computed. */
const PLAIN: ReadonlySet<string> = new Set<keyof FunctionInfo>([
  'id',
  'module',
  'max',
  'ttl',
  'jitter',
  'versioned',
  'hasMadeName',
  'exportName',
  'home',
]);

export function mayBegin(info: FunctionInfo): boolean {
  return Object.keys(info).every((name) => PLAIN.has(name));
}

export class BegunKeys {
  readonly #words = new BegunWords();
  /** Of each word, how many need it to have an owner. */
  readonly #counts = new Uint32Array(BegunWords.count);
  #readAhead: ReadAhead = () => {};

  get share(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  listen(readAhead: ReadAhead): void {
    this.#readAhead = readAhead;
  }

  /** From now on threads may begin keys of this function; those under way have their words. */
  allow(fn: number): void {
    this.#words.allow(fn, true);
  }

  /** From now on none may. */
  forbid(fn: FunctionRecord): void {
    fn.hasWords = true;
    this.#words.allow(fn.number, false);
  }

  /** The key is wanted, and no thread is to begin it by itself; `release` takes that back. */
  take(fn: number, key: string): number {
    const at = this.#words.at(fn, key);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    // A thread's is left to `settle`.
    for (let word = this.#words.load(at); ownerOf(word) === NONE; word = this.#words.load(at))
      if (this.#words.exchange(at, word, next(word, COORDINATOR))) break;
    return at;
  }

  /** @param at what `take` has returned */
  release(at: number): void {
    this.#counts[at] = (this.#counts[at] as number) - 1;
    const word = this.#words.load(at);
    if (this.#counts[at] === 0 && ownerOf(word) === COORDINATOR)
      this.#words.exchange(at, word, next(word, NONE));
  }

  /**
   * The same, and what a thread has begun of the key is known here from now on: between a look for its
   * flight and the opening of one, no thread may begin.
   */
  hold(fn: number, key: string): number {
    const at = this.take(fn, key);
    this.#heed(at);
    return at;
  }

  /** Makes sure that what a thread has begun is known here. */
  heed(fn: number, key: string): void {
    this.#heed(this.#words.at(fn, key));
  }

  #heed(at: number): void {
    const word = this.#words.load(at);
    const slot = threadOf(word);
    if (slot === undefined) return;
    this.#readAhead(slot);
    // Of a thread that has died.
    if (this.#words.load(at) === word) this.#settle(at, word);
  }

  /** The same for all keys. */
  heedAll(): void {
    this.#readAhead();
  }

  /** Whether the thread that has sent this claim has begun. */
  hasBegun(fn: number, key: string, { word }: BegunClaim): boolean {
    return this.#words.load(this.#words.at(fn, key)) === word;
  }

  /** The same; if it has not, it never will: the claim is one like any other. */
  decide(fn: number, key: string, { word: its }: BegunClaim): boolean {
    const at = this.#words.at(fn, key);
    for (;;) {
      const word = this.#words.load(at);
      if (word === its) return true;
      if (!isBefore(word, its) || this.#words.exchange(at, word, next(word, NONE))) return false;
    }
  }

  /** The claim of a thread that has begun was read. */
  settle(fn: number, key: string, { word }: BegunClaim): void {
    this.#settle(this.#words.at(fn, key), word);
  }

  #settle(at: number, word: number): void {
    const owner = (this.#counts[at] as number) > 0 ? COORDINATOR : NONE;
    this.#words.exchange(at, word, next(word, owner));
  }
}
