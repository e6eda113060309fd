/**
 * Single flight across all threads: the one place that decides who computes what. Here a call comes
 * in, and an outcome; how a flight starts, is waited for, is not finished or is invalidated is said in
 * `starting.ts`, `waiting.ts`, `unfinished.ts` and `invalidating.ts`.
 *
 * Invariants, after every call, message and death (`test/model/` checks them on random schedules):
 * - a key has at most one live flight, and a flight at most one lease; a flight that was fenced by
 *   an invalidation, or abandoned by its last waiter, is no longer live;
 * - leases and flights are ended by identity, so a late or dead leader settles nothing newer;
 * - every waiter is answered exactly once, or leaves; a flight without waiters does not go on;
 * - what was leased or probed before an invalidation is not stored after it (`invalidating.ts`);
 * - what a tier leases is computed here only under its lease, and `tier-leases.ts` is told of every
 *   flight that ends, waits for a thread, or has got one;
 * - a waiter on another thread never waits for work that has not started (`waiting.ts`).
 */

import type { Clock } from '../clock.ts';
import { PoolClosedError } from '../errors.ts';
import type { Arguments, FunctionInfo, FunctionStats, Outcome } from '../protocol.ts';
import { failure } from './failures.ts';
import { type Flight, type Lease, ORPHANED, type Peer, type Waiter } from './flight.ts';
import { type Backlog, Flights } from './flights.ts';
import { FunctionRecord } from './function-record.ts';
import { Invalidating } from './invalidating.ts';
import { Kept } from './kept.ts';
import { Leases } from './leases.ts';
import { Starting } from './starting.ts';
import type { Entry, Peeked, Store } from './store.ts';
import type { TierChain } from './tier-chain.ts';
import { Unfinished } from './unfinished.ts';
import { Waiting } from './waiting.ts';

/** A call that found nothing in memory. */
export interface Want {
  readonly fn: FunctionRecord;
  readonly key: string;
  readonly waiter: Waiter;
  /** Do not ask the tiers either: the value is to be computed. */
  readonly refresh: boolean;
  /**
   * The arguments, when the caller's thread does not compute. Called at most once, and only when
   * the flight has none yet; what it throws is thrown by `want`, and nothing has changed then.
   */
  readonly snapshot?: () => Arguments;
}

export interface CoordinatorParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly tiers: TierChain;
  readonly backlog: Backlog;
  /** Thread deaths after which a computation is given up. */
  readonly attempts: number;
  /** Threads of the pool. */
  readonly threads: number;
}

export class Coordinator {
  readonly leases: Leases;
  readonly functions = new Map<string, FunctionRecord>();
  readonly invalidate: Invalidating;
  readonly unfinished: Unfinished;
  readonly #parts: CoordinatorParts;
  readonly #kept: Kept;
  readonly #flights: Flights;
  readonly #start: Starting;
  readonly #waiting: Waiting;
  #closed = false;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    this.leases = new Leases(parts.clock);
    this.#kept = new Kept(parts.clock, parts.store, parts.tiers);
    this.#flights = new Flights(parts.backlog, (flight) => this.#start.tierLeases.leave(flight));
    const own = { leases: this.leases, flights: this.#flights, kept: this.#kept };
    this.#start = new Starting({ ...parts, ...own });
    const start = this.#start;
    this.#waiting = new Waiting({ ...parts, ...own, start });
    this.unfinished = new Unfinished({ ...parts, ...own, start, waiting: this.#waiting });
    const { functions } = this;
    const { tierLeases } = start;
    this.invalidate = new Invalidating({ ...parts, ...own, functions, tierLeases });
  }

  /** Flights that wait for a lease of a tier's, and for a thread after that. */
  get inLine(): number {
    return this.#start.tierLeases.size;
  }

  /** A thread has room, and the backlog has nothing for it. */
  hungry(): void {
    this.#start.tierLeases.next();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The record of a function, made when it is first heard of. */
  define(info: FunctionInfo): FunctionRecord {
    const known = this.functions.get(info.id);
    if (known) return known;
    const fn = new FunctionRecord(info, this.functions.size);
    this.functions.set(info.id, fn);
    return fn;
  }

  statsOf(fn: FunctionRecord): FunctionStats {
    return fn.counters.snapshot(this.#parts.store.readers.hits(fn));
  }

  /** A call's first question: is it cached? Counts as a hit and as a use. */
  hit(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.#closed ? undefined : this.#parts.store.get(fn, key);
    if (!entry) return undefined;
    fn.counters.memoryHits++;
    fn.counters.computeMsSaved += entry.ms;
    return entry;
  }

  /** What memory has, or a tier can tell at once. Counts as nothing. */
  peek(fn: FunctionRecord, key: string): Peeked | undefined {
    if (this.#closed) return undefined;
    const entry = this.#parts.store.peek(fn, key);
    const found = entry ? undefined : this.#kept.peek(fn, key);
    return found ? { id: this.leases.newId(), value: found.value } : entry;
  }

  /** Has the waiter answered: by the live flight of its key, or by a new one. */
  want(want: Want): void {
    const { fn, key, waiter } = want;
    if (this.#closed) return waiter.deliver(failure(new PoolClosedError('the pool was closed')));
    const flight = this.#flights.live(fn, key);
    const args = flight?.args ?? want.snapshot?.();
    if (flight) this.#joinWith(want, flight, args);
    else this.#open(want, args);
  }

  /** The caller has gone away: by an abort, a timeout, or with its thread. */
  leave(waiter: Waiter): void {
    this.#waiting.leave(waiter);
  }

  /** A queued flight's turn has come: the lease for its task in this thread. */
  begin(flight: Flight, peer: Peer): Lease {
    return this.#start.task(flight, peer);
  }

  /** The outcome of a computation; a late one (of a lease that has ended) is dropped. */
  settle(outcome: Outcome): void {
    const lease = this.leases.get(outcome.lease);
    if (!lease) return;
    const { flight, cancelled } = lease;
    this.leases.end(lease);
    flight.fn.took(outcome.ms);
    if (cancelled !== 'no') return;
    if (outcome.type === 'fail') {
      flight.fn.counters.errors++;
      return this.#flights.answer(flight, { state: 'failure', error: outcome.error }, lease.leader);
    }
    const { value, ms } = outcome;
    flight.fn.counters.computeMsSaved += ms * (flight.waiters.length - 1);
    if (!flight.fenced)
      this.#kept.keep(flight, outcome, lease.id, this.#start.tierLeases.take(flight));
    this.#flights.answer(flight, { state: 'value', entry: lease.id, value }, lease.leader);
  }

  /**
   * The calls of the coordinator's own thread whose computations have not begun are rejected. What
   * is computed goes on, and so does what computations themselves have asked for.
   */
  withdraw(): void {
    const answer = failure(new PoolClosedError('the call was withdrawn before it was begun'));
    for (const flight of this.#flights.allLive()) {
      const { lease } = flight;
      if (lease && !this.leases.takeBack(lease)) continue;
      if (lease) flight.enter(ORPHANED);
      for (const waiter of flight.waiters.filter(({ peer }) => peer === undefined)) {
        this.#waiting.leave(waiter);
        waiter.deliver(answer);
      }
      if (lease && flight.waiters.length > 0) this.unfinished.startAgain(flight);
    }
  }

  /** Every call that waits is answered with {@link PoolClosedError}, and so is every later one. */
  close(): void {
    this.#closed = true;
    const answer = failure(new PoolClosedError('the pool was closed before the call was answered'));
    const leased = [...this.leases.all()].map(({ flight }) => flight);
    for (const flight of [...this.#flights.allLive(), ...leased]) {
      this.#flights.answer(flight, answer);
    }
  }

  #open({ fn, key, waiter, refresh }: Want, args: Arguments | undefined): void {
    const flight = this.#flights.open(fn, key);
    flight.args = args;
    flight.refreshes = refresh;
    flight.admit(waiter);
    this.#start.fromTheTiers(flight);
  }

  #joinWith({ fn, waiter, refresh }: Want, flight: Flight, args: Arguments | undefined): void {
    flight.args = args;
    fn.counters.waits++;
    if (refresh) flight.refreshes = true;
    if (refresh && flight.phase.at === 'probing') flight.phase.discard = true;
    this.#waiting.join(flight, waiter);
  }
}
