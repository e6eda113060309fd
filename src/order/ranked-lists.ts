/**
 * Three lists in one order: what has a high rank first, and no list kept waiting for ever.
 *
 * Whenever something is taken, the other lists that have anything are passed over. One that was passed
 * over seven times in a row is next, the lowest of several first: so the lowest gets every eighth turn
 * at least, and every step takes constant time.
 *
 * Invariant: what is in a list is in that of its rank. Only `raise` changes the rank of an item that is
 * in one, and leaves its link as it is, whichever list holds it.
 */

import { type Link, LinkedList } from './linked-list.ts';

/** 0 is the highest. */
export type Rank = 0 | 1 | 2;
const RANKS = [0, 1, 2] as const;

/** Turns in a row for which others may go first. */
const MOST_PASSED = 7;

/** A place in such lists. */
export interface RankedLink<T extends { rank: Rank }> extends Link<T> {
  readonly lists: RankedLists<T>;
}

export class RankedLists<T extends { rank: Rank }> {
  readonly #lists = [new LinkedList<T>(), new LinkedList<T>(), new LinkedList<T>()] as const;
  /** How often each was passed over since it last had its turn, or nothing in it. */
  readonly #passed: [number, number, number] = [0, 0, 0];

  get size(): number {
    const [high, normal, low] = this.#lists;
    return high.size + normal.size + low.size;
  }

  /** What is next. */
  get front(): T | undefined {
    return this.#next?.front;
  }

  pushBack(item: T): RankedLink<T> {
    const link = this.#linkOf(item);
    this.#lists[item.rank].attachBack(link);
    return link;
  }

  pushFront(item: T): RankedLink<T> {
    const link = this.#linkOf(item);
    this.#lists[item.rank].attachFront(link);
    return link;
  }

  /** Its turn has come. */
  take(link: Link<T>): void {
    const { rank } = link.item;
    this.remove(link);
    for (const other of RANKS) {
      const isPassed = other !== rank && this.#lists[other].size > 0;
      this.#passed[other] = isPassed ? this.#passed[other] + 1 : 0;
    }
  }

  /** The next one; it has had its turn. */
  takeFront(): T | undefined {
    const link = this.#next?.frontLink;
    if (link) this.take(link);
    return link?.item;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const list of this.#lists) yield* list;
  }

  /** It goes without a turn. */
  remove(link: Link<T>): void {
    this.#lists[link.item.rank].remove(link);
  }

  /** Behind what has that rank already. */
  raise(link: Link<T>, rank: Rank): void {
    this.remove(link);
    link.item.rank = rank;
    this.#lists[rank].attachBack(link);
  }

  #linkOf(item: T): RankedLink<T> {
    return { item, before: undefined, after: undefined, lists: this };
  }

  get #next(): LinkedList<T> | undefined {
    const [, normal, low] = this.#lists;
    if (this.#isDue(2)) return low;
    if (this.#isDue(1)) return normal;
    return this.#lists.find(({ size }) => size > 0);
  }

  #isDue(rank: Rank): boolean {
    return (this.#passed[rank] as number) >= MOST_PASSED && this.#lists[rank].size > 0;
  }
}
