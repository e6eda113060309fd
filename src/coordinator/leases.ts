/**
 * Who may compute what: the leases that are held now.
 *
 * Invariant: a lease is in here from its grant until its thread reports an outcome, gives it back
 * or dies. A cancelled lease stays, because its thread may still be busy with it: see `stopping.ts`.
 */

import { inCell } from '../arena/lease-numbers.ts';
import type { Clock } from '../clock.ts';
import { ChurnMap } from '../order/churn-map.ts';
import type { Encoded } from '../protocol.ts';
import { TagLog } from '../tags/tag-log.ts';
import { type Flight, Lease, type Peer, type Waiter } from './flight.ts';
import { traceOf } from './lease-trace.ts';
import { tellOfRefresh } from './refresh-events.ts';
import { slotAmong } from './slots.ts';
import { Stopping } from './stopping.ts';

export class Leases {
  /** By their numbers as cells hold them: no two leases that are held are alike there. */
  readonly #held = new ChurnMap<number, Lease>();
  readonly #clock: Clock;
  /** The same, of numbers that threads were given. */
  readonly #reserved = new Map<number, Peer>();
  /** Made when a computation is told to stop for the first time. */
  #stopping: Stopping | undefined;
  #lastId: number;
  readonly tags = new TagLog(() => this.#oldest());

  /** @param lastId the number before the first one */
  constructor(clock: Clock, lastId = 0) {
    this.#clock = clock;
    this.#lastId = lastId;
  }

  /** A number that no other lease has ever had; entries that no lease has made are named so, too. */
  newId(): number {
    let cell: number;
    do cell = inCell(++this.#lastId);
    while (cell === 0 || this.#held.has(cell) || this.#reserved.has(cell));
    return this.#lastId;
  }

  /** Numbers in a row that the thread may use for leases by itself: the first, and how many. */
  reserve(peer: Peer, most: number): { readonly first: number; readonly count: number } {
    const first = this.newId();
    this.#reserved.set(inCell(first), peer);
    let count = 1;
    for (; count < most; count++) {
      const cell = inCell(first + count);
      if (cell === 0 || this.#held.has(cell) || this.#reserved.has(cell)) break;
      this.#reserved.set(cell, peer);
      this.#lastId++;
    }
    return { first, count };
  }

  /** Of a thread that has died. */
  dropReserved(peer: Peer): void {
    for (const [cell, its] of this.#reserved) if (its === peer) this.#reserved.delete(cell);
  }

  /** Undefined for a lease that has ended: a message that names it is late. */
  get(id: number): Lease | undefined {
    const lease = this.#held.get(inCell(id));
    return lease?.id === id ? lease : undefined;
  }

  all(): Iterable<Lease> {
    return this.#held.values();
  }

  /**
   * The flight must not be leased. `leader` computes it for itself; without one a task does.
   * @param reserved the number, if the thread has begun by itself
   */
  grant(flight: Flight, peer: Peer, leader?: Waiter, reserved?: number): Lease {
    if (reserved !== undefined) this.#reserved.delete(inCell(reserved));
    const lease = new Lease(reserved ?? this.newId(), flight, peer, leader);
    lease.since = this.tags.now;
    if (flight.fn.info.isTagged) lease.grantedAt = this.#clock.date();
    this.#held.set(inCell(lease.id), lease);
    flight.context = (leader ?? flight.waiters[0])?.context;
    flight.beginLease(lease);
    flight.fn.counters.computations++;
    if (flight.isRefresh && !flight.wasRefreshed) {
      flight.wasRefreshed = true;
      flight.fn.counters.refreshes++;
      tellOfRefresh(flight, 'begun');
    }
    takeSlot(lease);
    lease.trace = traceOf(lease);
    return lease;
  }

  #oldest(): Lease | undefined {
    const [oldest] = this.#held.values();
    return oldest;
  }

  end(lease: Lease): void {
    this.#held.delete(inCell(lease.id));
    lease.end();
    giveSlotBack(lease);
    lease.trace?.end({ outcome: lease.cancelled === 'no' ? 'lost' : 'cancelled' });
    this.#stopping?.ended(lease);
  }

  /** Without an outcome. The flight, if it is still wanted, is open again. */
  revoke(lease: Lease): void {
    this.end(lease);
    const { flight } = lease;
    if (flight.lease === lease) flight.reopen();
  }

  /** Revokes a lease whose task the thread has not started, and now never will; false if it has. */
  takeBack(lease: Lease): boolean {
    if (lease.cell === 0 || !lease.peer.takeBack(lease)) return false;
    lease.flight.fn.counters.computations--;
    this.revoke(lease);
    return true;
  }

  /** Its last waiter has left, or it takes too long, as the reason says. */
  cancel(lease: Lease, reason?: Encoded): void {
    this.#stopping ??= new Stopping(this.#clock, (each) => this.overruns(each));
    this.#stopping.tell(lease, reason);
  }

  /** It was to stop because it takes too long, and goes on: others have its slot now. */
  overruns(lease: Lease): void {
    if (lease.hasOverrun) return;
    lease.hasOverrun = true;
    lease.flight.fn.counters.overrun++;
    giveSlotBack(lease);
  }
}

function takeSlot(lease: Lease): void {
  const { flight } = lease;
  const { slots, under } = flight;
  lease.slot = under;
  if (!slots) return;
  const shared = slotAmong(under, slots);
  if (shared) slots.share(lease, shared);
  else lease.slot = slots.take(lease, under);
  lease.used = shared ?? lease.slot;
  flight.mayExceed = false;
  if (!shared && slots.isOver) flight.fn.counters.overLimit++;
}

function giveSlotBack(lease: Lease): void {
  const { used, flight } = lease;
  lease.used = undefined;
  if (used) flight.slots?.giveBack(lease, used);
}
