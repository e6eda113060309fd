/**
 * Flights that wait for a slot of their function: how they wait and go on, and never in a circle.
 *
 * Slots are edges of the wait-for graph: a flight that waits for one waits for all that have one. Where
 * that would close a circle, the flight goes on over the limit, which `overLimit` counts.
 *
 * Invariants: whenever a flight waits and a slot is free for it, a look at its function is ahead; and so
 * is a look for circles whenever a flight has begun to wait here, or a call has joined one while others
 * wait. Looks come in a microtask, so that nothing begins in the midst of another step.
 */

import { queueMicrotask } from '../runtime/globals.ts';
import { inCircle } from './deadlock.ts';
import type { Flight, Slots, Waiter } from './flight.ts';
import { SlotsOf, slotAmong } from './slots.ts';

export class Concurrency {
  /** A flight goes on: it is open. */
  readonly #goOn: (flight: Flight) => void;
  /** Those with room. */
  readonly #rooms = new Set<Slots>();
  /** From which a circle may start. */
  readonly #suspects = new Set<Flight>();
  #isAhead = false;
  #waiting = 0;

  constructor(goOn: (flight: Flight) => void) {
    this.#goOn = goOn;
  }

  /** Flights that wait for a slot. */
  get waiting(): number {
    return this.#waiting;
  }

  slots(limit: number | undefined): Slots | undefined {
    if (limit === undefined) return undefined;
    const slots: Slots = new SlotsOf(limit, () => {
      this.#rooms.add(slots);
      this.#lookSoon();
    });
    return slots;
  }

  /** Whether it may go on: to be computed at once, or to the queue. */
  admits({ slots, under, mayExceed }: Flight, atOnce: boolean): boolean {
    if (!slots || mayExceed || slots.admits(atOnce)) return true;
    return slotAmong(under, slots) !== undefined;
  }

  /** Whether it may begin now. */
  mayBegin({ slots, under, mayExceed, isApart }: Flight): boolean {
    if (!slots || slots.isFree || mayExceed || isApart) return true;
    return slotAmong(under, slots) !== undefined;
  }

  /** The flight is open or probing. */
  wait(flight: Flight, atOnce: boolean): void {
    const { slots } = flight;
    if (!slots) return;
    const line = atOnce ? slots.leads : slots.rest;
    flight.waitForSlot(flight.again ? line.pushFront(flight) : line.pushBack(flight));
    this.#waiting++;
    this.#suspect(flight);
  }

  /** It waits no more; whether it did. */
  leave(flight: Flight): boolean {
    const { state } = flight;
    if (state.at !== 'limited') return false;
    state.link.lists.remove(state.link);
    this.#waiting--;
    return true;
  }

  /** A call waits for it as well: from a computation that has a slot for it, or on a thread that computes it. */
  joined(flight: Flight, { parent }: Waiter, leads: boolean): void {
    if (this.#waiting === 0) return;
    this.#suspect(flight);
    const { slots, state } = flight;
    if (!slots || state.at !== 'limited') return;
    if (slotAmong(parent?.slot, slots)) flight.under = parent?.slot;
    const isKnown = state.link.lists === slots.leads;
    if (!this.admits(flight, leads || isKnown) && (isKnown || !leads)) return;
    this.leave(flight);
    flight.reopen();
    this.#goOn(flight);
  }

  #suspect(flight: Flight): void {
    this.#suspects.add(flight);
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#isAhead) return;
    this.#isAhead = true;
    queueMicrotask(() => {
      this.#isAhead = false;
      try {
        for (const slots of this.#rooms) if (this.#rooms.delete(slots)) this.#fill(slots);
        for (const flight of this.#suspects)
          if (this.#suspects.delete(flight)) this.#breakCircles(flight);
      } finally {
        // What one flight has thrown keeps no other waiting.
        if (this.#rooms.size + this.#suspects.size > 0) this.#lookSoon();
      }
    });
  }

  #fill(slots: Slots): void {
    for (let flight = slots.next(); flight; flight = slots.next()) {
      this.#waiting--;
      flight.reopen();
      if (slots.waiting > 0) this.#rooms.add(slots);
      this.#goOn(flight);
    }
    this.#rooms.delete(slots);
  }

  #breakCircles(start: Flight): void {
    for (let flight = inCircle(start); flight; flight = inCircle(start)) {
      this.leave(flight);
      flight.mayExceed = true;
      flight.reopen();
      this.#goOn(flight);
    }
  }
}
