/**
 * What becomes of a computation that its thread does not finish: the thread has died, is blocked by
 * another call, gives the lease back, is late to start, or could not be started at all.
 *
 * Invariant: a flight that is orphaned here is settled or started again before the event is over. It
 * is started again under another lease, so that what the thread may still say settles nothing.
 */

import type { Arguments } from '../protocol.ts';
import { failure, workerLost } from './failures.ts';
import { type Flight, type Lease, ORPHANED, type Peer, SETTLED, type Waiter } from './flight.ts';
import type { Flights } from './flights.ts';
import type { Leases } from './leases.ts';
import type { Starting } from './starting.ts';
import type { Waiting } from './waiting.ts';

export interface UnfinishedParts {
  readonly leases: Leases;
  readonly flights: Flights;
  readonly start: Starting;
  readonly waiting: Waiting;
  /** Thread deaths after which a computation is given up. */
  readonly attempts: number;
}

export class Unfinished {
  readonly #parts: UnfinishedParts;

  constructor(parts: UnfinishedParts) {
    this.#parts = parts;
  }

  /** A thread does not compute what it was given a lease for: see `decline` in `protocol.ts`. */
  decline(id: number, args?: Arguments): void {
    const { leases } = this.#parts;
    const lease = leases.get(id);
    if (!lease) return;
    const { flight, cancelled } = lease;
    flight.args ??= args;
    const isWanted = flight.lease === lease;
    leases.end(lease);
    flight.fn.counters.computations--;
    if (cancelled !== 'no') flight.fn.counters.cancelled--;
    else if (isWanted) this.startAgain(flight);
  }

  /** The thread has died. Its calls leave; what it computed is done by somebody else. */
  died(peer: Peer, cause?: unknown): void {
    if (peer.gone) return;
    peer.gone = true;
    const { leases, waiting } = this.#parts;
    const lost = [...peer.leases].filter((lease) => lease.cancelled === 'no');
    const notStarted = new Set(lost.filter((lease) => leases.takeBack(lease)));
    for (const { flight } of notStarted) flight.enter(ORPHANED);
    for (const lease of peer.leases) this.#lose(lease);
    for (const waiter of peer.calls.values()) waiting.leave(waiter);
    peer.calls.clear();
    for (const lease of lost) {
      const itsFault = !peer.replaced && !notStarted.has(lease);
      this.#retry(lease.flight, itsFault ? 1 : 0, cause);
    }
  }

  /**
   * Takes back a task that its thread is late to start, for whichever is free first; false when it
   * has started.
   */
  reclaim(lease: Lease): boolean {
    if (!this.#parts.leases.takeBack(lease)) return false;
    this.startAgain(lease.flight);
    return true;
  }

  /** No thread could be started for a queued flight. */
  notStarted(flight: Flight, cause: unknown): void {
    if (flight.phase.at !== 'queued') return;
    flight.enter(ORPHANED);
    this.#retry(flight, 1, cause);
  }

  /**
   * The thread is blocked from now on, by this call. It starts nothing meanwhile: what it was handed
   * goes to others, and what it was sent after the first `handled` leases comes back.
   */
  block(waiter: Waiter, handled: number): void {
    const { peer } = waiter;
    if (!peer) return;
    peer.blocking.add(waiter);
    for (const lease of peer.leases) {
      lease.comesBack = lease.leader?.mode !== 'block' && lease.nth > handled;
    }
    for (const lease of [...peer.leases].reverse()) this.reclaim(lease);
  }

  /** A flight whose lease has ended without an outcome; a fenced one has lost its place meanwhile. */
  startAgain(flight: Flight): void {
    const { flights, start, waiting } = this.#parts;
    if (flight.isApart || flights.revive(flight)) return start.again(flight);
    const live = flights.live(flight.fn, flight.key) as Flight;
    live.args ??= flight.args;
    flight.enter(SETTLED);
    for (const waiter of flight.dismiss()) waiting.join(live, waiter);
  }

  #lose(lease: Lease): void {
    this.#parts.leases.end(lease);
    const { flight, cancelled } = lease;
    if (cancelled !== 'no' || flight.lease !== lease) return;
    flight.fn.counters.lost++;
    flight.enter(ORPHANED);
  }

  #retry(flight: Flight, deaths: number, cause: unknown): void {
    if (flight.phase.at !== 'orphaned') return;
    const { flights, attempts } = this.#parts;
    flight.deaths += deaths;
    if (flight.deaths < attempts) return this.startAgain(flight);
    flights.answer(flight, failure(workerLost(flight, cause)));
  }
}
