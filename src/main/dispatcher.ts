/**
 * The backlog: flights that wait for a free thread, first come, first served.
 *
 * The pool is only given what can start at once, so that a flight that a worker asks for can still
 * be taken over, one that nobody wants any more can be dropped, and a retried one can go first.
 */

import { type Link, LinkedList } from '../linked-list.ts';
import type { Backlog } from './coordinator.ts';
import type { Flight } from './flight.ts';

export class Dispatcher implements Backlog {
  readonly #waiting = new LinkedList<Flight>();
  readonly #links = new Map<Flight, Link<Flight>>();
  readonly #maxQueue: number;
  readonly #start: (flight: Flight) => void;
  #free: number;

  /** @param start gives a flight to a thread; each start is followed by one call of `freed`. */
  constructor(threads: number, maxQueue: number, start: (flight: Flight) => void) {
    this.#free = threads;
    this.#maxQueue = maxQueue;
    this.#start = start;
  }

  /** Flights that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  add(flight: Flight, again: boolean): boolean {
    const startsNow = this.#free > 0 && this.size === 0;
    if (!again && !startsNow && this.size >= this.#maxQueue) return false;
    const link = again ? this.#waiting.pushFront(flight) : this.#waiting.pushBack(flight);
    this.#links.set(flight, link);
    this.#fill();
    return true;
  }

  remove(flight: Flight): void {
    const link = this.#links.get(flight);
    if (!link) return;
    this.#links.delete(flight);
    this.#waiting.remove(link);
  }

  /** A thread has finished what it was given, or died. */
  freed(): void {
    this.#free++;
    this.#fill();
  }

  #fill(): void {
    for (let next = this.#waiting.front; next && this.#free > 0; next = this.#waiting.front) {
      this.remove(next);
      this.#free--;
      this.#start(next);
    }
  }
}
