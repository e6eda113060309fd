/**
 * Answers by the text of their lines, so that a line which came before costs a look into a Map: no
 * parsing, no call, no writing of JSON. Whether the value may still be served is asked of the cache
 * each time (`Held`), so an entry that was invalidated, evicted or has expired is called for again.
 *
 * Two generations stand for an order of use, as in `near/near-cache.ts`.
 */

import type { LineAnswer } from './answer.ts';

/** Characters, in one generation. */
const MOST = 2 ** 21;
/** Longer lines are parsed as fast as they are looked up, and would push out many short ones. */
const LONGEST = 2 ** 14;
/** Characters that an entry takes beside its texts. */
const ENTRY = 300;

export class KnownLines {
  #young = new Map<string, LineAnswer>();
  #old = new Map<string, LineAnswer>();
  #size = 0;

  get(line: string): LineAnswer | undefined {
    const answer = this.#young.get(line);
    if (answer) return answer;
    const again = this.#old.get(line);
    if (again) this.#add(again);
    return again;
  }

  /** Its result is counted as the longest, because it is not there yet. */
  add(answer: LineAnswer): void {
    if (answer.source.length <= LONGEST) this.#add(answer);
  }

  /** It has failed, or is too large. */
  forget(answer: LineAnswer): void {
    for (const each of [this.#young, this.#old]) {
      if (each.get(answer.source) === answer) each.delete(answer.source);
    }
  }

  /** It is settled, and holds its result from now on. */
  grown(answer: LineAnswer): void {
    if (answer.size > LONGEST) this.forget(answer);
    else if (this.#young.get(answer.source) === answer) this.#count(answer.size);
  }

  #add(answer: LineAnswer): void {
    this.#young.set(answer.source, answer);
    this.#count(answer.size + ENTRY);
  }

  #count(size: number): void {
    this.#size += size;
    if (this.#size <= MOST) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#size = 0;
  }
}
