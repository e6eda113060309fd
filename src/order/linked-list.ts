/**
 * A doubly linked list: an order from which anything can be taken out in constant time.
 *
 * A `Set` keeps an order too, but reading its first member skips every member deleted before it,
 * which is quadratic for a queue of 100,000.
 */

export interface Link<T> {
  readonly item: T;
  /** The neighbour towards the front. */
  before: Link<T> | undefined;
  /** The neighbour towards the back. */
  after: Link<T> | undefined;
}

export class LinkedList<T> {
  #front: Link<T> | undefined;
  #back: Link<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get front(): T | undefined {
    return this.#front?.item;
  }

  get frontLink(): Link<T> | undefined {
    return this.#front;
  }

  /** From the front. What is taken out meanwhile ends it, unless it was passed already. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let link = this.#front; link; link = link.after) yield link.item;
  }

  pushBack(item: T): Link<T> {
    const link: Link<T> = { item, before: undefined, after: undefined };
    this.attachBack(link);
    return link;
  }

  /** `link` must be in no list. */
  attachFront(link: Link<T>): void {
    link.after = this.#front;
    if (this.#front) this.#front.before = link;
    else this.#back = link;
    this.#front = link;
    this.#size++;
  }

  /** `link` must be in no list. */
  attachBack(link: Link<T>): void {
    link.before = this.#back;
    if (this.#back) this.#back.after = link;
    else this.#front = link;
    this.#back = link;
    this.#size++;
  }

  /** `link` must be in this list. */
  moveToBack(link: Link<T>): void {
    if (link === this.#back) return;
    this.remove(link);
    this.attachBack(link);
  }

  /** `link` must be in this list. */
  remove(link: Link<T>): void {
    if (link.before) link.before.after = link.after;
    else this.#front = link.after;
    if (link.after) link.after.before = link.before;
    else this.#back = link.before;
    link.before = undefined;
    link.after = undefined;
    this.#size--;
  }
}
