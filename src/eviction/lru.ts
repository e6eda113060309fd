/**
 * Least recently used: the victim is the item whose last use is longest ago.
 *
 * The choice of `functools.lru_cache`, and a fair one where nothing is known of the access pattern.
 * A scan over more keys than fit flushes it; policies that resist scans (S3-FIFO, W-TinyLFU) fit
 * behind the same contract. Costs one list link an item, and constant time for every operation.
 */

import { type Link, LinkedList } from '../linked-list.ts';
import type { EvictionPolicy, Handle } from './policy.ts';

export class LeastRecentlyUsed<Item> implements EvictionPolicy<Item> {
  /** Front: the longest unused. */
  readonly #order = new LinkedList<Item>();

  get size(): number {
    return this.#order.size;
  }

  add(item: Item): Handle {
    return this.#order.pushBack(item);
  }

  touch(handle: Handle): void {
    this.#order.moveToBack(handle as Link<Item>);
  }

  remove(handle: Handle): void {
    this.#order.remove(handle as Link<Item>);
  }

  victim(): Item | undefined {
    return this.#order.front;
  }
}
