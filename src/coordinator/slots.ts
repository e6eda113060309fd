/**
 * The slots of one function: with `concurrency`, each of its computations has one, or runs under that of
 * a computation of the same function which has called it, directly or through others.
 *
 * A slot is taken with a lease, and given back with the last lease that uses it: so what has not begun
 * has none, and whichever way a lease ends, by an outcome, a cancellation or its thread's death, gives it
 * back. Flights that find none wait here, holding no thread, no lease, and none of a tier.
 *
 * Those that a thread waits to compute itself wait in a line of their own: a slot is theirs when it is
 * free. The others need a thread, too, and of them only as many go to the queue as slots are free.
 */

import { type Rank, RankedLists } from '../order/ranked-lists.ts';
import type { At } from './flight-states.ts';

/** The right to be one of so many. A computation has those of the computations that it is called from. */
export interface Slot {
  /** The `SlotsOf` that it is one of. */
  readonly of: object;
  /** Of another function, from whose computation this one was called. */
  readonly outer: Slot | undefined;
  /** Leases. */
  users: number;
}

export class SlotsOf<Lease, Flight extends { rank: Rank }> {
  readonly limit: number;
  /** Leases that use a slot. */
  readonly users = new Set<Lease>();
  /** Flights that a waiter computes itself, or the coordinator's own thread. */
  readonly leads = new RankedLists<Flight>();
  /** Flights for the queue. */
  readonly rest = new RankedLists<Flight>();
  readonly #onRoom: () => void;
  #taken = 0;
  #asking = 0;
  #queued = 0;
  #isTurnOfRest = false;

  /** @param onRoom something that waits here might go on */
  constructor(limit: number, onRoom: () => void) {
    this.limit = limit;
    this.#onRoom = onRoom;
  }

  /** For a computation that begins now. */
  get isFree(): boolean {
    return this.#taken < this.limit;
  }

  get isOver(): boolean {
    return this.#taken > this.limit;
  }

  get waiting(): number {
    return this.leads.size + this.rest.size;
  }

  /** Whether one more flight may go on: to be computed at once, or to wait for a thread. */
  admits(atOnce: boolean): boolean {
    return this.#taken + this.#asking + (atOnce ? 0 : this.#queued) < this.limit;
  }

  /** The one that goes on now, and is not in its line any more. The two lines take turns. */
  next(): Flight | undefined {
    const lead = this.admits(true) ? this.leads : undefined;
    const rest = this.admits(false) ? this.rest : undefined;
    const lines = this.#isTurnOfRest ? [rest, lead] : [lead, rest];
    const line = lines.find((each) => each && each.size > 0);
    this.#isTurnOfRest = line === this.leads;
    return line?.takeFront();
  }

  take(lease: Lease, outer: Slot | undefined): Slot {
    this.#taken++;
    const slot = { of: this, outer, users: 0 };
    this.share(lease, slot);
    return slot;
  }

  share(lease: Lease, slot: Slot): void {
    slot.users++;
    this.users.add(lease);
  }

  giveBack(lease: Lease, slot: Slot): void {
    if (!this.users.delete(lease) || --slot.users > 0) return;
    this.#taken--;
    this.#room();
  }

  /** One of the function's flights has come to another state. */
  moved(from: At, to: At): void {
    this.#count(to, 1);
    if (this.#count(from, -1) && to !== 'leased') this.#room();
  }

  #count(at: At, by: 1 | -1): boolean {
    if (at === 'asking') this.#asking += by;
    else if (at === 'queued' || at === 'in line') this.#queued += by;
    else return false;
    return true;
  }

  #room(): void {
    if (this.waiting > 0) this.#onRoom();
  }
}

/** That of a computation of the same function, among those from which a call comes; while it is used. */
export function slotAmong(slots: Slot | undefined, of: object): Slot | undefined {
  for (let slot = slots; slot; slot = slot.outer) if (slot.of === of && slot.users > 0) return slot;
  return undefined;
}
