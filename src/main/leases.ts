/**
 * Who may compute what: the leases that are held now.
 *
 * Invariant: a lease is in here from its grant until its thread reports an outcome, gives it back
 * or dies. A cancelled lease stays, because its thread may still be busy with it; when it does not
 * stop within the grace, the thread is replaced, as soon as nothing else that is wanted runs there.
 */

import type { Clock } from '../clock.ts';
import { type Flight, Lease, type Peer, type Waiter } from './flight.ts';

/** Milliseconds that a cancelled computation has to stop by itself. */
const GRACE = 1000;

const LARGEST_ID = 2 ** 31 - 1;

export class Leases {
  readonly #held = new Map<number, Lease>();
  readonly #clock: Clock;
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A number that no other lease has; entries that no lease has made are named so, too. After two
   * billion it begins anew, because threads compare them in cells of 32 bits.
   */
  newId(): number {
    do this.#lastId = (this.#lastId % LARGEST_ID) + 1;
    while (this.#held.has(this.#lastId));
    return this.#lastId;
  }

  /** Undefined for a lease that has ended: whoever names it is late. */
  get(id: number): Lease | undefined {
    return this.#held.get(id);
  }

  all(): Iterable<Lease> {
    return this.#held.values();
  }

  /** The flight must not be leased. `leader` computes it for itself; without one a task does. */
  grant(flight: Flight, peer: Peer, leader?: Waiter): Lease {
    const lease = new Lease(this.newId(), flight, peer, leader);
    this.#held.set(lease.id, lease);
    flight.enter({ at: 'leased', lease });
    flight.fn.counters.computations++;
    return lease;
  }

  end(lease: Lease): void {
    this.#held.delete(lease.id);
    lease.end();
    replaceIfStuck(lease.peer);
  }

  /** Ends a lease whose task the thread has not started, and now never will; false if it has. */
  takeBack(lease: Lease): boolean {
    if (lease.cell === 0 || !lease.peer.takeBack(lease)) return false;
    lease.flight.fn.counters.computations--;
    this.end(lease);
    return true;
  }

  /** Tells the computation to stop; nobody waits for it any more. */
  cancel(lease: Lease): void {
    lease.cancelled = 'told';
    lease.flight.fn.counters.cancelled++;
    lease.peer.post({ type: 'cancel', lease: lease.id });
    this.#clock.after(GRACE, () => this.#overdue(lease));
  }

  #overdue(lease: Lease): void {
    if (!this.#held.has(lease.id)) return;
    lease.cancelled = 'overdue';
    replaceIfStuck(lease.peer);
  }
}

function replaceIfStuck(peer: Peer): void {
  if (peer.gone || peer.replaced) return;
  const leases = [...peer.leases];
  const stuck = leases.some((lease) => lease.cancelled === 'overdue');
  if (!stuck || leases.some((lease) => lease.cancelled === 'no')) return;
  peer.replaced = true;
  peer.terminate();
}
