/**
 * The backlog: flights that wait for a free thread, first come, first served.
 *
 * A flight can leave it at any time: taken over by a thread that wants it, dropped when nobody wants
 * it any more, or put first when its thread has died.
 */

import { type Link, LinkedList } from '../linked-list.ts';
import type { Flight } from './flight.ts';
import type { Backlog } from './flights.ts';

/**
 * Work that a thread is given at once, by what its functions took lately: about what it costs to
 * wake the thread twice. Whatever takes longer is handed out one by one, to whoever is free.
 */
const BATCH_MS = 0.2;

interface Waiting {
  readonly flight: Flight;
  /** Its thread has died before: it is handed out alone, so that it does no harm to others. */
  readonly again: boolean;
}

export class Dispatcher implements Backlog {
  readonly #waiting = new LinkedList<Waiting>();
  readonly #links = new Map<Flight, Link<Waiting>>();
  readonly #maxQueue: number;
  readonly #feed: () => void;

  /** @param feed hears of every flight that is queued, and has free threads ask for the `next`. */
  constructor(maxQueue: number, feed: () => void) {
    this.#maxQueue = maxQueue;
    this.#feed = feed;
  }

  /** Flights that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  enqueue(flight: Flight, again: boolean): boolean {
    const waiting = { flight, again };
    const link = again ? this.#waiting.pushFront(waiting) : this.#waiting.pushBack(waiting);
    this.#links.set(flight, link);
    this.#feed();
    if (again || !this.#links.has(flight) || this.size <= this.#maxQueue) return true;
    this.withdraw(flight);
    return false;
  }

  withdraw(flight: Flight): void {
    const link = this.#links.get(flight);
    if (!link) return;
    this.#links.delete(flight);
    this.#waiting.remove(link);
  }

  /** Takes out what one thread is to be given now: one flight, or a few tiny ones. */
  next(): Flight[] {
    const batch: Flight[] = [];
    let expectedMs = 0;
    for (let next = this.#waiting.front; next; next = this.#waiting.front) {
      expectedMs += next.again ? Number.POSITIVE_INFINITY : next.flight.fn.typicalMs;
      if (batch.length > 0 && expectedMs > BATCH_MS) break;
      this.withdraw(next.flight);
      batch.push(next.flight);
    }
    return batch;
  }

  /** Takes out everything that waits. */
  withdrawAll(): Flight[] {
    const flights = [...this.#links.keys()];
    for (const flight of flights) this.withdraw(flight);
    return flights;
  }
}
