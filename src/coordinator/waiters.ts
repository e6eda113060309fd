/**
 * How a caller comes to wait for a flight that is live, and how it leaves.
 *
 * Invariants: a waiter on another thread never waits for work that has not started, but does it
 * itself; no waiters wait in a circle; and a flight that its last waiter has left does not go on.
 *
 * An abandoned computation keeps nothing wanted. Its thread ends the calls that were made from it
 * when it reads `cancel`; but it may be busy with one of them, for ever. So they leave here as well,
 * soon after: in a turn of their own, because each may abandon the next of a long chain, and a few at
 * a time, because one computation may have made thousands.
 */

import type { Clock } from '../clock.ts';
import { CycleError, ThreadError } from '../errors.ts';
import type { Encoded } from '../protocol.ts';
import { cycleOf, deadlocks } from './deadlock.ts';
import { type Flight, failure, type Lease, type Waiter, type Want } from './flight.ts';
import type { Flights } from './flights.ts';
import { forAll } from './for-all.ts';
import type { Leases } from './leases.ts';
import { raise, rankOf } from './priorities.ts';
import type { Queue } from './queue.ts';

/** Calls of abandoned computations that leave in one turn of the event loop. */
const LEAVING_AT_ONCE = 500;

export interface WaitersParts {
  readonly clock: Clock;
  readonly queue: Queue;
  readonly leases: Leases;
  readonly flights: Flights;
}

export class Waiters {
  readonly #parts: WaitersParts;
  /** Abandoned computations whose calls have not left yet. */
  readonly #abandoned = new Set<Lease>();
  #isAhead = false;

  constructor(parts: WaitersParts) {
    this.#parts = parts;
  }

  /** A call of a key that has a live flight. */
  call({ fn, waiter, refresh, maxAge, args, priority }: Want, flight: Flight): void {
    flight.args ??= args;
    fn.counters.waits++;
    if (refresh) {
      flight.refreshes = true;
      flight.isForced = true;
      flight.outdate();
    }
    if (maxAge !== undefined && maxAge < flight.maxAge) flight.maxAge = maxAge;
    raise(flight, rankOf(waiter, priority));
    this.join(flight, waiter);
  }

  join(flight: Flight, waiter: Waiter): void {
    const { flights } = this.#parts;
    const cycle = cycleOf(waiter.parent, flight);
    if (cycle) return waiter.deliver(failure(cycleError(flight, cycle)));
    const leads = flight.isLedBy(waiter);
    if (leads && this.#takeOver(flight)) {
      flight.admit(waiter);
      return flights.takeOver(waiter, flight);
    }
    if (leads) flights.hurry(flight);
    if (deadlocks(waiter, flight)) return this.#computeApart(flight, waiter);
    flight.admit(waiter);
    flights.joined(flight, waiter);
  }

  /**
   * A call that blocks the coordinator's own thread takes over what has not begun: its lease, unless the
   * call is answered with an error.
   */
  leadHere(flight: Flight, waiter: Waiter): Lease | undefined {
    const cycle = cycleOf(waiter.parent, flight);
    if (cycle) return void waiter.deliver(failure(cycleError(flight, cycle)));
    if (!this.#parts.flights.takeFromLine(flight) && !this.#takeOver(flight))
      return void waiter.deliver(failure(isUnderWay(flight)));
    flight.fn.counters.waits++;
    flight.admit(waiter);
    return this.#parts.flights.leadHere(waiter, flight);
  }

  /** The caller has gone away: by an abort, a timeout, or with its thread. */
  leave(waiter: Waiter): void {
    const { flight } = waiter;
    if (!flight) return;
    flight.release(waiter);
    if (!flight.isSettled && !flight.isRefresh && flight.waiters.length === 0) this.abandon(flight);
  }

  /**
   * A flight whose lease has ended without an outcome, unless it has settled meanwhile. Another one may
   * have its key by now, if it was fenced: then its waiters join that.
   */
  startAgain(flight: Flight): void {
    const { flights } = this.#parts;
    if (flight.isSettled || flights.beginAgain(flight)) return;
    const live = flights.find(flight.fn, flight.key) as Flight;
    live.args ??= flight.args;
    raise(live, flight.rank);
    flight.settle();
    forAll(flight.dismiss(), (waiter) => this.join(live, waiter));
  }

  /** Tells a computation to stop, and so do the calls that it has made leave. */
  stop(lease: Lease, reason?: Encoded): void {
    this.#parts.leases.cancel(lease, reason);
    if (lease.isWaiting) this.#abandoned.add(lease);
    this.#letGoSoon();
  }

  /**
   * Ends a flight of whose value one of the tags was, or of whose error one may have been, invalidated since
   * its lease was granted: those who had asked before any invalidation get the answer, and for the others the
   * flight starts again. (Which invalidation of the tag was the first is not known.)
   * @param answer answers those who wait for it then
   */
  answerEarlier({ flight, since }: Lease, answer: () => void): void {
    const { flights } = this.#parts;
    const later = flight.releaseLater(since);
    answer();
    forAll(later, (waiter) => {
      const live = flights.find(flight.fn, flight.key);
      if (live) this.join(live, waiter);
      else flights.openAgain(flight, waiter);
    });
  }

  /** Takes a flight out of the queue, or back from a thread that has not started it. */
  #takeOver(flight: Flight): boolean {
    const { state } = flight;
    if (state.at === 'leased') return this.#parts.leases.takeBack(state.lease);
    if (state.at !== 'queued') return false;
    this.#parts.queue.remove(flight);
    return true;
  }

  /** Computes a second time what the waiter must not wait for. */
  #computeApart(flight: Flight, waiter: Waiter): void {
    const { flights } = this.#parts;
    const apart = flights.openApart(flight);
    flight.fn.counters.duplicates++;
    flights.startApart(apart, waiter);
  }

  /** Its last waiter has left, or it is a refresh that is not needed any more. */
  abandon(flight: Flight): void {
    const { flights, leases } = this.#parts;
    const { lease } = flight;
    flights.end(flight);
    if (lease && !leases.takeBack(lease)) this.stop(lease);
  }

  #letGoSoon(): void {
    if (this.#isAhead || this.#abandoned.size === 0) return;
    this.#isAhead = true;
    this.#parts.clock.soon(() => {
      this.#isAhead = false;
      try {
        this.#letGo();
      } finally {
        this.#letGoSoon();
      }
    });
  }

  /** Calls that are made from an abandoned computation after this are dropped, see `receive.ts`. */
  #letGo(): void {
    let left = LEAVING_AT_ONCE;
    for (const lease of this.#abandoned) {
      for (const call of lease.calls) {
        if (left-- === 0) return;
        call.forsaken();
        this.leave(call);
      }
      this.#abandoned.delete(lease);
    }
  }
}

function isUnderWay({ fn: { info }, fullKey: key }: Flight): ThreadError {
  return new ThreadError(
    `${info.id} is being computed with these arguments, and sync() cannot wait for that on the thread that ` +
      'has made the pool. Await the call instead.',
    { functionId: info.id, key },
  );
}

function cycleError({ fn, fullKey: key }: Flight, cycle: string[]): CycleError {
  const message = `these computations wait for each other: ${cycle.join(' → ')}`;
  return new CycleError(message, { functionId: fn.info.id, key, cycle });
}
