/**
 * What becomes of a computation that its thread does not finish: the thread has died, is blocked by
 * another call, gives the lease back, is late to start, or could not be started at all.
 *
 * Invariant: a flight that is open again here is settled or started again before the event is over. It
 * is started again under another lease, so that a late message of the thread settles nothing.
 *
 * A computation may have made tens of thousands of calls in its thread. Those that only it waits for are
 * settled with its death, and cost little more than to be looked at; those that were answered before, as
 * all are when the pool is closed, even less. Their flights are forgotten, and their leases end, in slices.
 * Until then such a lease is like one that was cancelled, and its flight, which has no waiter and has
 * settled, is found by no call (`flights.ts`). Invariant: what a slice ends has settled in the turn of the
 * death, or before it; so what comes between two slices neither joins nor leads it.
 */

import type { Clock } from '../clock.ts';
import { ThreadError } from '../errors.ts';
import type { Arguments } from '../protocol.ts';
import type { BegunKeys } from './begun.ts';
import { culpritsOf, Deaths, threadsLost, workerLost } from './deaths.ts';
import { type Answer, type Flight, failure, type Lease, type Peer, type Waiter } from './flight.ts';
import type { Flights } from './flights.ts';
import { forAll } from './for-all.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Leases } from './leases.ts';
import type { Slices } from './slices.ts';
import type { Waiters } from './waiters.ts';

/** So many times as many deaths are survived by what is not known to have caused them. */
const BESIDE = 10;

export interface RecoveryParts {
  readonly clock: Clock;
  readonly leases: Leases;
  readonly flights: Flights;
  readonly waiters: Waiters;
  readonly slices: Slices;
  /** Thread deaths after which a computation is given up. */
  readonly attempts: number;
  /** Where threads begin computations without asking. */
  readonly begun?: BegunKeys | undefined;
}

export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #deaths: Deaths;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#deaths = new Deaths(parts.clock);
  }

  /**
   * How many threads the key has taken down lately, for a new flight; an answer where it is given up.
   * Only a call from a computation asks: any other gets all its attempts anew.
   */
  deathsOf(fn: FunctionRecord, key: string): number | Answer {
    const death = this.#deaths.of(fn, key);
    if (!death) return 0;
    return death.deaths >= this.#parts.attempts
      ? failure(workerLost(fn, key, death))
      : death.deaths;
  }

  /** A thread has survived it. */
  survived(flight: Flight): void {
    this.#deaths.forget(flight);
  }

  /** A thread does not compute what it was given a lease for: see `decline` in `protocol.ts`. */
  decline(id: number, args?: Arguments): void {
    const { leases, waiters } = this.#parts;
    const lease = leases.get(id);
    if (!lease) return;
    const { flight, cancelled } = lease;
    flight.args ??= args;
    leases.revoke(lease);
    flight.fn.counters.computations--;
    if (cancelled !== 'no') flight.fn.counters.cancelled--;
    else waiters.startAgain(flight);
  }

  /**
   * The thread has died. Its calls leave; what it computed is computed elsewhere. The death counts
   * against what may have caused it, and of the rest only so that nothing starts again without end.
   */
  died(peer: Peer, cause?: unknown): void {
    if (!peer.dies()) return;
    const { flights, leases, waiters, slices } = this.#parts;
    const { lost, notStarted } = this.#lost(peer);
    const culprits = peer.replaced ? new Set<Lease>() : culpritsOf(peer, cause);
    this.#deaths.addAll(
      [...culprits].map(({ flight }) => flight),
      cause,
    );
    // From now on a call of it is asked for, because it may be given up.
    for (const { flight } of culprits) this.#parts.begun?.forbid(flight.fn);
    const over: Lease[] = [];
    for (const lease of peer.leases) {
      if (this.#isOver(lease)) over.push(lease);
      else this.#lose(lease);
    }
    for (const waiter of peer.calls.values()) waiters.leave(waiter);
    peer.forgetCalls();
    slices.run(() => {
      const lease = over.pop();
      if (!lease) return false;
      flights.forget(lease.flight);
      leases.end(lease);
      return true;
    });
    const wanted = lost.filter(({ cancelled }) => cancelled === 'no');
    forAll(wanted, (lease) => {
      const { flight } = lease;
      if (culprits.has(lease)) flight.deaths++;
      else if (!peer.replaced && !notStarted.has(lease)) flight.losses++;
      this.#retry(flight, cause);
    });
  }

  /** The leases that were not cancelled; and those of them whose tasks were not started, which are taken back. */
  #lost(peer: Peer) {
    const lost: Lease[] = [];
    const tasks: Lease[] = [];
    for (const lease of peer.leases) {
      if (lease.cancelled !== 'no') continue;
      lost.push(lease);
      if (lease.cell !== 0) tasks.push(lease);
    }
    return {
      lost,
      notStarted: new Set(tasks.filter((lease) => this.#parts.leases.takeBack(lease))),
    };
  }

  /** Takes back a task that its thread is late to start, for any thread; false when it has started. */
  reclaim(lease: Lease): boolean {
    if (!this.#parts.leases.takeBack(lease)) return false;
    this.#parts.waiters.startAgain(lease.flight);
    return true;
  }

  /**
   * Tasks could not be sent to their thread. Which of several is to blame is not known: each goes
   * alone then. What could not be sent alone would not arrive in another thread either.
   */
  notSent(sent: readonly Lease[], error: unknown): void {
    const { leases, flights } = this.#parts;
    if (sent.length > 1) forAll([...sent].reverse(), (lease) => this.reclaim(lease));
    const [only] = sent;
    if (!only || sent.length > 1 || !leases.takeBack(only)) return;
    only.flight.fn.counters.errors++;
    flights.fail(only.flight, failure(notSent(only.flight, error)));
  }

  /** No thread could be started for a queued flight. */
  notStarted(flight: Flight, cause: unknown): void {
    if (flight.state.at !== 'queued') return;
    flight.reopen();
    flight.deaths++;
    this.#retry(flight, cause);
  }

  /**
   * The thread is blocked from now on, by this call. It starts nothing meanwhile: what it was handed
   * goes to others, and what it was sent after the first `handled` leases comes back.
   */
  block(waiter: Waiter, handled: number): void {
    const { peer } = waiter;
    if (!peer) return;
    peer.blocks(waiter);
    for (const lease of peer.leases) {
      lease.comesBack = lease.leader?.mode !== 'block' && lease.nth > handled;
    }
    forAll([...peer.leases].reverse(), (lease) => this.reclaim(lease));
  }

  /**
   * Its flight was settled before; or nothing waits for it but the call that computes it, whose thread has
   * died: then it is settled now.
   */
  #isOver(lease: Lease): boolean {
    const { flight, leader, cancelled } = lease;
    const { waiters } = flight;
    if (flight.isSettled) return isAnswered(lease);
    if (!leader || cancelled !== 'no' || flight.lease !== lease) return false;
    if (waiters.length !== 1 || waiters[0] !== leader) return false;
    lease.cancelled = 'told';
    flight.fn.counters.lost++;
    // The computation that has called it is in the same thread: nothing is left that could wait.
    leader.parent = undefined;
    flight.release(leader);
    this.#parts.flights.endOnly(flight);
    return true;
  }

  #lose(lease: Lease): void {
    const { flight, peer } = lease;
    const isWanted = flight.lease === lease;
    this.#parts.leases.revoke(lease);
    if (!isWanted) return;
    flight.fn.counters.lost++;
    if (peer.replaced) flight.displaced++;
  }

  #retry(flight: Flight, cause: unknown): void {
    if (flight.state.at !== 'open') return;
    const { flights, waiters, attempts } = this.#parts;
    const { fn, key, deaths, losses } = flight;
    if (deaths >= attempts)
      return flights.fail(flight, failure(workerLost(fn, key, { deaths, cause })));
    if (losses >= attempts * BESIDE)
      return flights.fail(flight, failure(threadsLost(flight, cause)));
    waiters.startAgain(flight);
  }
}

/** The lease is to end in a slice, and no call wants it until then. */
function isAnswered(lease: Lease): true {
  const { cancelled, trace } = lease;
  trace?.end({ outcome: cancelled === 'no' ? 'lost' : 'cancelled' });
  if (cancelled === 'no') lease.cancelled = 'told';
  return true;
}

function notSent({ fn, fullKey: key }: Flight, cause: unknown): ThreadError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `a call of ${fn.info.id} could not be sent to a thread: ${reason}`;
  return new ThreadError(message, { functionId: fn.info.id, key, cause });
}
