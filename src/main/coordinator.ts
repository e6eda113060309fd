/**
 * Single flight across all threads: the one place that decides who computes what.
 *
 * Invariants, after every call, message and death (`test/model/` checks them on random schedules):
 * - a key has at most one live flight, and a flight at most one lease; a flight that was fenced by
 *   an invalidation, or abandoned by its last waiter, is no longer live;
 * - leases and flights are ended by identity, so a late or dead leader settles nothing newer;
 * - every waiter is answered exactly once, or leaves; a flight without waiters does not go on;
 * - what was leased or probed before an invalidation is not stored after it, in any tier;
 * - a waiter on another thread never waits for work that has not started: it does it itself.
 */

import type { Clock } from '../clock.ts';
import { CycleError, PoolClosedError, QueueFullError, WorkerLostError } from '../errors.ts';
import type { Computed, FunctionInfo, Outcome, Task } from '../protocol.ts';
import type { TierRecord } from '../tiers/tier.ts';
import { toEncoded, toPortableAgain } from '../values/portable.ts';
import { encodeThrown } from '../values/thrown.ts';
import { cycleOf } from './cycle.ts';
import { type Entry, FunctionRecord } from './entry.ts';
import {
  type Answer,
  Flight,
  type Lease,
  ORPHANED,
  type Peer,
  QUEUED,
  SETTLED,
  type Waiter,
} from './flight.ts';
import { Leases } from './leases.ts';
import type { Store } from './store.ts';
import type { TierChain } from './tier-chain.ts';

/** Where flights wait until a thread is free; {@link Coordinator.begin} is called then. */
export interface Backlog {
  /** False when it is full; a flight that starts `again` goes first, and always has room. */
  enqueue(flight: Flight, again: boolean): boolean;
  withdraw(flight: Flight): void;
}

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
  readonly snapshot?: () => Task['args'];
}

export interface CoordinatorParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly tiers: TierChain;
  readonly backlog: Backlog;
  /** Thread deaths after which a computation is given up. */
  readonly attempts: number;
}

export class Coordinator {
  readonly leases: Leases;
  readonly functions = new Map<string, FunctionRecord>();
  readonly #parts: CoordinatorParts;
  readonly #flights = new Map<string, Flight>();
  /** By function: the flights that probe or are leased, which an invalidation has to fence. */
  readonly #underwayOf = new Map<FunctionRecord, Set<Flight>>();
  #closed = false;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    this.leases = new Leases(parts.clock);
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

  /** A call's first question: is it cached? Counts as a hit and as a use. */
  hit(key: string): Entry | undefined {
    const entry = this.#closed ? undefined : this.#parts.store.get(key);
    if (!entry) return undefined;
    entry.fn.counters.memoryHits++;
    entry.fn.counters.computeMsSaved += entry.ms;
    return entry;
  }

  /** A question that leaves no trace. */
  peek(key: string): Entry | undefined {
    return this.#closed ? undefined : this.#parts.store.peek(key);
  }

  /** Has the waiter answered: by the live flight of its key, or by a new one. */
  want(want: Want): void {
    const { fn, key, waiter } = want;
    if (this.#closed) return refuse(waiter, new PoolClosedError('the pool was closed'));
    const flight = this.#flights.get(key);
    const args = flight?.args ?? want.snapshot?.();
    if (!flight) return this.#open(want, args);
    flight.args = args;
    fn.counters.waits++;
    if (want.refresh) flight.refreshes = true;
    if (want.refresh && flight.phase.at === 'probing') flight.phase.discard = true;
    this.#join(flight, waiter);
  }

  /** The caller has gone away: by an abort, a timeout, or with its thread. */
  leave(waiter: Waiter): void {
    const { flight } = waiter;
    if (!flight) return;
    flight.release(waiter);
    if (flight.waiters.length === 0) this.#abandon(flight);
  }

  /** A queued flight's turn has come: the lease for its task in this thread. */
  begin(flight: Flight, peer: Peer): Lease {
    return this.leases.grant(flight, peer);
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
      return this.#close(flight, { state: 'failure', error: outcome.error }, lease.leader);
    }
    const { value, ms } = outcome;
    flight.fn.counters.computeMsSaved += ms * (flight.waiters.length - 1);
    if (!flight.fenced) this.#keep(flight, outcome, lease.id);
    this.#close(flight, { state: 'value', entry: lease.id, value }, lease.leader);
  }

  /** A thread was given a lease for a caller that had gone away, and does not compute it. */
  decline(id: number): void {
    const lease = this.leases.get(id);
    if (!lease) return;
    const { flight, cancelled } = lease;
    this.leases.end(lease);
    flight.fn.counters.computations--;
    if (cancelled !== 'no') flight.fn.counters.cancelled--;
    else this.#startAgain(flight);
  }

  /** The thread has died. Its calls leave; what it computed is done by somebody else. */
  died(peer: Peer, cause?: unknown): void {
    if (peer.gone) return;
    peer.gone = true;
    const lost = [...peer.leases].filter((lease) => lease.cancelled === 'no');
    // Tasks behind the first were handed over ahead of time, and had not started.
    const running = [...peer.leases].find((lease) => !lease.leader);
    for (const lease of peer.leases) this.#lose(lease);
    for (const waiter of peer.calls.values()) this.leave(waiter);
    peer.calls.clear();
    for (const lease of lost) {
      const itsFault = !peer.replaced && (lease.leader || lease === running);
      this.#retry(lease.flight, itsFault ? 1 : 0, cause);
    }
  }

  /** The lease's task has failed in a thread whose death is not reported otherwise. */
  lost(lease: Lease, cause: unknown): void {
    if (this.leases.get(lease.id) !== lease) return;
    this.#lose(lease);
    if (lease.cancelled === 'no') this.#retry(lease.flight, 1, cause);
  }

  /** No thread could be started for a queued flight. */
  notStarted(flight: Flight, cause: unknown): void {
    if (flight.phase.at !== 'queued') return;
    flight.enter(ORPHANED);
    this.#retry(flight, 1, cause);
  }

  /** Forgets one entry. Settles when no tier answers with it any more; memory does not at once. */
  invalidate(fn: FunctionRecord, key: string): Promise<void> {
    this.#parts.store.delete(key);
    const flight = this.#flights.get(key);
    if (flight) this.#fence(flight);
    return this.#parts.tiers.delete(fn.info.id, key);
  }

  /** Forgets all entries of a function. Settles like {@link invalidate}. */
  clear(fn: FunctionRecord): Promise<void> {
    this.#parts.store.clear(fn);
    for (const flight of [...this.#underway(fn)]) this.#fence(flight);
    return this.#parts.tiers.clear(fn.info.id);
  }

  /** Forgets everything, of all functions. */
  async clearAll(): Promise<void> {
    const cleared = [...this.functions.values()].map((fn) => this.clear(fn));
    await Promise.all([...cleared, this.#parts.tiers.clear()]);
  }

  /** Every call that waits is answered with {@link PoolClosedError}, and so is every later one. */
  close(): void {
    this.#closed = true;
    const error = encodeThrown(
      new PoolClosedError('the pool was closed before the call was answered'),
    );
    const flights = [
      ...this.#flights.values(),
      ...[...this.leases.all()].map(({ flight }) => flight),
    ];
    for (const flight of flights) this.#close(flight, { state: 'failure', error });
  }

  #open({ fn, key, waiter, refresh }: Want, args: Task['args'] | undefined): void {
    const flight = new Flight(fn, key, this.#underway(fn));
    flight.args = args;
    flight.refreshes = refresh;
    flight.admit(waiter);
    this.#flights.set(key, flight);
    if (refresh || this.#parts.tiers.empty) {
      fn.counters.misses++;
      return this.#start(flight, false);
    }
    flight.enter({ at: 'probing', discard: false });
    void this.#parts.tiers.get(fn.info.id, key).then((record) => this.#probed(flight, record));
  }

  #probed(flight: Flight, record: TierRecord | undefined): void {
    const { phase, fn, key } = flight;
    if (phase.at !== 'probing') return;
    const ttl = record ? record.expiresAt - this.#parts.clock.date() : 0;
    if (!record || phase.discard || ttl <= 0) {
      fn.counters.misses++;
      return this.#start(flight, false);
    }
    const value = toPortableAgain(record.value);
    const { ms } = record;
    fn.counters.tierHits++;
    fn.counters.computeMsSaved += ms * flight.waiters.length;
    const entry = this.leases.newId();
    this.#parts.store.set(fn, key, { value, ms, ttl }, entry);
    this.#close(flight, { state: 'value', entry, value });
  }

  #underway(fn: FunctionRecord): Set<Flight> {
    const known = this.#underwayOf.get(fn);
    if (known) return known;
    const underway = new Set<Flight>();
    this.#underwayOf.set(fn, underway);
    return underway;
  }

  /** A waiter in a thread computes at once; without one the flight goes to the pool. */
  #start(flight: Flight, again: boolean): void {
    const leader = flight.waiters.find(({ peer }) => peer);
    if (leader) return this.#lead(flight, leader);
    flight.enter(QUEUED);
    if (this.#parts.backlog.enqueue(flight, again)) return;
    const error = new QueueFullError(
      `${flight.fn.info.id} was not queued: maxQueue computations wait already`,
      { functionId: flight.fn.info.id, key: flight.key },
    );
    this.#close(flight, { state: 'failure', error: encodeThrown(error) });
  }

  #lead(flight: Flight, leader: Waiter): void {
    if (leader.peer) leader.lead(this.leases.grant(flight, leader.peer, leader).id);
  }

  #join(flight: Flight, waiter: Waiter): void {
    const cycle = cycleOf(waiter.parent, flight);
    if (cycle) return refuse(waiter, cycleError(flight, cycle));
    flight.admit(waiter);
    if (flight.phase.at !== 'queued' || !waiter.peer) return;
    this.#parts.backlog.withdraw(flight);
    this.#lead(flight, waiter);
  }

  #keep(flight: Flight, computed: Computed, id: number): void {
    const { value, ttl = Number.POSITIVE_INFINITY, ms } = computed;
    const { fn, key, refreshes } = flight;
    if (ttl <= 0) {
      if (!refreshes) return;
      this.#parts.store.delete(key);
      return void this.#parts.tiers.delete(fn.info.id, key);
    }
    if (!this.#parts.tiers.empty) {
      const expiresAt = this.#parts.clock.date() + ttl;
      this.#parts.tiers.set(fn.info.id, key, { value: toEncoded(value), ms, expiresAt });
    }
    this.#parts.store.set(fn, key, computed, id);
  }

  /** Ends a flight: every waiter but the leader, who has the outcome already, gets the answer. */
  #close(flight: Flight, answer: Answer, leader?: Waiter): void {
    if (flight.phase.at === 'queued') this.#parts.backlog.withdraw(flight);
    this.#forget(flight);
    for (const waiter of flight.dismiss()) {
      if (waiter === leader) waiter.ledItself();
      else waiter.deliver(answer);
    }
  }

  #abandon(flight: Flight): void {
    const { phase, lease } = flight;
    if (phase.at === 'queued') this.#parts.backlog.withdraw(flight);
    this.#forget(flight);
    if (lease) this.leases.cancel(lease);
  }

  #forget(flight: Flight): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
    flight.enter(SETTLED);
  }

  #lose(lease: Lease): void {
    this.leases.end(lease);
    const { flight, cancelled } = lease;
    if (cancelled !== 'no' || flight.lease !== lease) return;
    flight.fn.counters.lost++;
    flight.enter(ORPHANED);
  }

  #retry(flight: Flight, deaths: number, cause: unknown): void {
    if (flight.phase.at !== 'orphaned') return;
    flight.deaths += deaths;
    if (flight.deaths < this.#parts.attempts) return this.#startAgain(flight);
    const error = workerLost(flight, cause);
    this.#close(flight, { state: 'failure', error: encodeThrown(error) });
  }

  /** A flight whose lease has ended without an outcome; a fenced one has lost its place meanwhile. */
  #startAgain(flight: Flight): void {
    const live = this.#flights.get(flight.key);
    if (live === flight || !live) {
      flight.fenced = false;
      this.#flights.set(flight.key, flight);
      return this.#start(flight, true);
    }
    live.args ??= flight.args;
    flight.enter(SETTLED);
    for (const waiter of flight.dismiss()) this.#join(live, waiter);
  }

  /** What is under way answers its waiters, and is not kept; what has not started starts later. */
  #fence(flight: Flight): void {
    if (flight.phase.at === 'probing') flight.phase.discard = true;
    if (flight.phase.at !== 'leased') return;
    flight.fenced = true;
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}

function refuse(waiter: Waiter, error: Error): void {
  waiter.deliver({ state: 'failure', error: encodeThrown(error) });
}

function cycleError({ fn, key }: Flight, cycle: string[]): CycleError {
  const message = `these computations wait for each other: ${cycle.join(' → ')}`;
  return new CycleError(message, { functionId: fn.info.id, key, cycle });
}

function workerLost({ fn, key, deaths }: Flight, cause: unknown): WorkerLostError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const threads = deaths === 1 ? 'thread' : 'threads';
  const message = `${deaths} ${threads} died computing ${fn.info.id}${reason}`;
  return new WorkerLostError(message, { functionId: fn.info.id, key, cause });
}
