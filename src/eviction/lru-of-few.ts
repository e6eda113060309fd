/**
 * Least recently used, like `lru.ts`, for a few of many handles: what it costs follows from how many
 * are held (about 150 bytes each) and not from how large they are.
 */

import { type Link, LinkedList } from '../linked-list.ts';
import type { EvictionPolicy } from './policy.ts';

export class LeastRecentlyUsedOfFew implements EvictionPolicy {
  /** Front: the longest unused. */
  readonly #order = new LinkedList<number>();
  readonly #links = new Map<number, Link<number>>();

  get size(): number {
    return this.#order.size;
  }

  add(handle: number): void {
    this.#links.set(handle, this.#order.pushBack(handle));
  }

  touch(handle: number): void {
    const link = this.#links.get(handle);
    if (link) this.#order.moveToBack(link);
  }

  remove(handle: number): void {
    const link = this.#links.get(handle);
    if (!link) return;
    this.#links.delete(handle);
    this.#order.remove(link);
  }

  victim(): number | undefined {
    return this.#order.front;
  }
}
