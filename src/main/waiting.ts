/**
 * How a caller comes to wait for a flight that is live, and how it leaves.
 *
 * Invariants: a waiter on another thread never waits for work that has not started, but does it
 * itself; nobody waits in a circle; and a flight that its last waiter has left does not go on.
 */

import { cycleOf, deadlocks } from './cycle.ts';
import { cycleError, failure } from './failures.ts';
import type { Flight, Waiter } from './flight.ts';
import type { Backlog, Flights } from './flights.ts';
import type { Leases } from './leases.ts';
import type { Starting } from './starting.ts';

export interface WaitingParts {
  readonly backlog: Backlog;
  readonly leases: Leases;
  readonly flights: Flights;
  readonly start: Starting;
}

export class Waiting {
  readonly #parts: WaitingParts;

  constructor(parts: WaitingParts) {
    this.#parts = parts;
  }

  join(flight: Flight, waiter: Waiter): void {
    const { start } = this.#parts;
    const cycle = cycleOf(waiter.parent, flight);
    if (cycle) return waiter.deliver(failure(cycleError(flight, cycle)));
    if (waiter.mode !== 'wait' && this.#takeOver(flight)) {
      flight.admit(waiter);
      return start.leadBy(waiter, flight);
    }
    if (waiter.mode !== 'wait') start.tierLeases.hurry(flight);
    if (deadlocks(waiter, flight)) return this.#computeApart(flight, waiter);
    flight.admit(waiter);
  }

  /** The caller has gone away: by an abort, a timeout, or with its thread. */
  leave(waiter: Waiter): void {
    const { flight } = waiter;
    if (!flight) return;
    flight.release(waiter);
    if (flight.waiters.length === 0) this.#abandon(flight);
  }

  /** Takes a flight out of the backlog, or back from a thread that has not started it. */
  #takeOver(flight: Flight): boolean {
    const { phase, lease } = flight;
    if (lease) return this.#parts.leases.takeBack(lease);
    if (phase.at === 'queued') this.#parts.backlog.withdraw(flight);
    return phase.at === 'queued';
  }

  /** Computes a second time what the waiter must not wait for. */
  #computeApart({ fn, key }: Flight, waiter: Waiter): void {
    const { flights, start } = this.#parts;
    const apart = flights.openApart(fn, key);
    apart.admit(waiter);
    fn.counters.duplicates++;
    start.leadBy(waiter, apart);
  }

  /** Its last waiter has left. */
  #abandon(flight: Flight): void {
    const { flights, leases } = this.#parts;
    const { lease } = flight;
    flights.forget(flight);
    if (lease && !leases.takeBack(lease)) leases.cancel(lease);
  }
}
