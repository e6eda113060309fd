/**
 * What this thread begins without asking: the numbers that it may use for leases, and the exchange of
 * the key's word; see `arena/begun-words.ts`.
 *
 * The numbers are few, and come again when the coordinator has read what was begun with them: so a
 * thread is never far ahead of it.
 */

import { BegunWords, NONE, nextOfThread, ownerOf } from '../arena/begun-words.ts';
import type { BegunClaim, CacheAccess } from '../protocol.ts';

/** What may be begun, if no other was faster. */
export interface Beginning {
  readonly begun: BegunClaim;
  readonly at: number;
  /** As the key's word was before it was looked for. */
  readonly word: number;
}

export class Begins {
  #words: BegunWords | undefined;
  #slot = 0;
  /** Each the first and the count of numbers in a row. */
  readonly #numbers: [number, number][] = [];

  connect({ slot, begun }: CacheAccess): void {
    this.#slot = slot;
    if (begun) this.#words = new BegunWords(begun);
  }

  supply(first: number, count: number): void {
    this.#numbers.push([first, count]);
  }

  /**
   * Before the claim is sent, which takes it along; `undefined` when the coordinator has to be asked.
   * @param isAbsent whether no entry of the key is there, for certain
   */
  prepare(fn: number | undefined, key: string, isAbsent: () => boolean): Beginning | undefined {
    const [numbers] = this.#numbers;
    if (!this.#words || fn === undefined || !numbers || !this.#words.mayBegin(fn)) return undefined;
    const at = this.#words.at(fn, key);
    const word = this.#words.load(at);
    if (ownerOf(word) !== NONE || !isAbsent()) return undefined;
    return { begun: { lease: numbers[0], word: nextOfThread(word, this.#slot) }, at, word };
  }

  /** When the claim was sent: true if the key is this thread's to compute, now. */
  take({ at, word, begun }: Beginning): boolean {
    if (!this.#words?.exchange(at, word, begun.word)) return false;
    const [numbers] = this.#numbers;
    if (numbers) {
      numbers[0]++;
      if (--numbers[1] === 0) this.#numbers.shift();
    }
    return true;
  }
}
