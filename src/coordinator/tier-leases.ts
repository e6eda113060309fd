/**
 * Single flight between processes: before a flight is computed, the tiers' leases are asked for.
 *
 * A process must not sit on leases for work that it will only begin later, while another one has
 * nothing to do. So flights wait in line here, rather than in the backlog, and a lease is asked for
 * when a thread is about to be free. What another process computes leaves the line, and waits
 * without a thread until it is over. A lease that was granted and not begun within a second goes
 * back: the threads may be blocked by what other processes compute, and these by it.
 *
 * Invariant: a flight that is `in line`, `asking` or `held` is known here and nowhere else; one that is
 * queued or leased may have a grant. `leave` is called for every flight that ends, and gives back what
 * the tier still grants it.
 */

import { type Clock, Pending, type Timer } from '../clock.ts';
import { RankedLists } from '../order/ranked-lists.ts';
import type { TierAnswer, TierChain } from '../tiers/chain.ts';
import type { FoundRecord } from '../tiers/found.ts';
import type { TierLease } from '../tiers/tier.ts';
import type { Flight } from './flight.ts';
import type { HeldElsewhere } from './flight-states.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Leases } from './leases.ts';
import type { Queue } from './queue.ts';

/** Milliseconds of work per thread for which leases are held ahead, so that threads do not wait. */
const AHEAD_MS = 10;
const MOST_AHEAD = 64;
/** From this on, asking takes little beside the computation: nothing is held ahead. */
const LONG_MS = 100;
/** Milliseconds after which a lease that no thread has begun goes back. */
const GIVE_BACK_MS = 1000;
/**
 * Milliseconds that a call from inside a computation waits for another process. Circles are only
 * seen within a process; what may be one between two is computed here after that, a second time.
 */
const PATIENCE_MS = 30_000;

export interface TierLeasesParts {
  readonly tiers: TierChain;
  readonly clock: Clock;
  readonly queue: Queue;
  readonly leases: Pick<Leases, 'tags'>;
  /** Threads of the pool. */
  readonly threads: number;
}

export interface TierLeaseEvents {
  /** The flight may be computed; or must, because its lease cannot be had. */
  start(flight: Flight): void;
  /** The tier was asked first, and what it has is not good enough: it is asked for its lease. */
  ask(flight: Flight): void;
  /** Answers with what another process has computed; false if that has expired. */
  answerWith(flight: Flight, found: FoundRecord, since: number): boolean;
}

export class TierLeases {
  readonly #parts: TierLeasesParts;
  readonly #events: TierLeaseEvents;
  readonly #line = new RankedLists<Flight>();
  /** Granted, and queued. */
  readonly #ready = new Set<Flight>();
  /** Those that were there at the last look. */
  #old: Flight[] = [];
  #looking = false;
  #asked = 0;
  /** Nothing has begun since something was given back. */
  #stuck = false;
  /** What is asked for. */
  readonly #pending: Pending;

  constructor(parts: TierLeasesParts, events: TierLeaseEvents) {
    this.#parts = parts;
    this.#pending = new Pending(parts.clock);
    this.#events = events;
  }

  /** Flights in line. */
  get size(): number {
    return this.#line.size;
  }

  /** The flight is open or probing. `urgent`: a thread waits to compute it. */
  ask(flight: Flight, urgent: boolean): void {
    if (urgent) return void this.#ask(flight, flight.refreshes);
    flight.waitInLine(this.#line.pushBack(flight));
    this.next();
  }

  /** Whether its lease would be asked for as soon as it is not found. */
  hasRoomFor(flight: Flight): boolean {
    return this.#line.size === 0 && this.#isWorthAsking(flight);
  }

  /** Asks for the value, and for the lease if there is none, in one step. The flight is open. */
  find(flight: Flight): void {
    void this.#ask(flight, false, true);
  }

  /** A thread wants to compute it at once. */
  hurry(flight: Flight): void {
    if (flight.state.at !== 'in line') return;
    this.#line.take(flight.state.link);
    void this.#ask(flight, flight.refreshes);
  }

  /** Asks for as many as will soon be begun. To be called whenever that may have become more. */
  next(): void {
    for (let first = this.#line.front; first; first = this.#line.front) {
      if (!this.#isWorthAsking(first)) return;
      this.hurry(first);
    }
  }

  /** It waits for a thread from now on. */
  queued(flight: Flight): void {
    if (!flight.grant) return;
    this.#ready.add(flight);
    this.#lookLater();
  }

  /** A thread computes it from now on. */
  begun(flight: Flight): void {
    if (!this.#ready.delete(flight)) return;
    this.#stuck = false;
    this.next();
  }

  /** It ends, or nothing is to be stored: what it has here, or was granted, goes back. */
  leave(flight: Flight): void {
    const { state } = flight;
    this.#ready.delete(flight);
    if (state.at === 'in line') this.#line.remove(state.link);
    if (state.at === 'held') this.#leaveHeld(state);
    const grant = flight.takeGrant();
    if (grant) this.#parts.tiers.release(flight.fn.info.id, flight.fullKey, grant);
  }

  /** An invalidation has ended the leases of what was not begun: they are asked for again. */
  fence(fn?: FunctionRecord, key?: string): void {
    const fenced = [...this.#ready].filter(
      (flight) =>
        (fn === undefined || flight.fn === fn) && (key === undefined || flight.key === key),
    );
    this.#giveBack(fenced);
    this.next();
  }

  /** @param isFirst no tier was asked for its value before */
  async #ask(flight: Flight, refresh: boolean, isFirst = false): Promise<void> {
    const asking = flight.ask();
    this.#pending.begin();
    this.#asked++;
    const { tags } = this.#parts.leases;
    const question = tags.ask();
    const { id } = flight.fn.info;
    const answer = await this.#parts.tiers.lease(id, flight.fullKey, refresh, isFirst);
    tags.answered(question);
    this.#asked--;
    this.#pending.end();
    const isWanted = flight.state === asking;
    if (isWanted && !asking.isOutdated) this.#answered(flight, answer, question.since, isFirst);
    else this.#refuse(flight, answer);
    if (isWanted && asking.isOutdated) void this.#ask(flight, flight.refreshes);
    // Threads have got nothing from this, unless it was granted.
    this.next();
  }

  #answered(flight: Flight, answer: TierAnswer, since: number, isFirst: boolean): void {
    switch (answer.state) {
      case 'found':
        if (isFirst) flight.fn.wasRead(this.#parts.clock.now() - flight.since);
        if (this.#events.answerWith(flight, answer.found, since)) return;
        if (!isFirst) break;
        flight.reopen();
        return this.#events.ask(flight);
      case 'held':
        return this.#waitForOther(flight, answer);
      case 'granted':
        if (flight.stale && !flight.isForced) return void this.#lookAgain(flight, answer.lease);
        flight.reopen(answer.lease);
        return this.#events.start(flight);
      case 'failed':
        break;
      default:
        answer satisfies never;
    }
    flight.reopen();
    this.#events.start(flight);
  }

  /**
   * There is a stale value, and another process may have stored a newer one before this one got the
   * lease: while it has that, no other can.
   */
  async #lookAgain(flight: Flight, lease: TierLease): Promise<void> {
    const { tiers, leases } = this.#parts;
    const { state: asking, fullKey } = flight;
    const { id } = flight.fn.info;
    this.#pending.begin();
    const question = leases.tags.ask();
    const found = await tiers.leasedRecord(id, fullKey);
    leases.tags.answered(question);
    this.#pending.end();
    const isWanted = flight.state === asking;
    const isOutdated = asking.at === 'asking' && asking.isOutdated;
    if (
      isWanted &&
      !isOutdated &&
      !(found && this.#events.answerWith(flight, found, question.since))
    ) {
      flight.reopen(lease);
      return this.#events.start(flight);
    }
    tiers.release(id, fullKey, lease);
    if (isWanted && isOutdated) void this.#ask(flight, flight.refreshes);
    this.next();
  }

  /** What comes too late. */
  #refuse(flight: Flight, answer: TierAnswer): void {
    if (answer.state === 'granted')
      this.#parts.tiers.release(flight.fn.info.id, flight.fullKey, answer.lease);
    if (answer.state === 'held') answer.leave();
  }

  #waitForOther(flight: Flight, { over, leave }: TierAnswer & { readonly state: 'held' }): void {
    const held = flight.leaveToAnother(leave, this.#impatience(flight));
    this.joined(flight);
    void over.then(() => {
      if (flight.state !== held) return;
      this.#leaveHeld(held);
      // What it computes is as good as what a call of this process would have joined.
      flight.isForced = false;
      void this.#ask(flight, flight.stale !== undefined);
    });
  }

  #leaveHeld({ leave, patience, awake }: HeldElsewhere): void {
    patience.cancel();
    awake?.cancel();
    leave();
  }

  /** Nothing else may keep the process alive for a caller. */
  joined({ state, waiters }: Flight): void {
    if (state.at !== 'held' || state.awake || waiters.length === 0) return;
    state.awake = this.#parts.clock.stayAlive();
  }

  #impatience(flight: Flight): Timer {
    return this.#parts.clock.after(PATIENCE_MS, () => this.#outOfPatience(flight));
  }

  #outOfPatience(flight: Flight): void {
    const { state, waiters } = flight;
    if (state.at !== 'held') return;
    if (!waiters.some(({ parent }) => parent)) {
      state.patience = this.#impatience(flight);
      return;
    }
    this.#leaveHeld(state);
    flight.reopen();
    flight.fn.counters.duplicates++;
    this.#events.start(flight);
  }

  #isWorthAsking(flight: Flight): boolean {
    return this.#parts.queue.openings() + this.#ahead(flight) > this.#asked;
  }

  #ahead({ fn }: Flight): number {
    if (this.#stuck || fn.averageMs > LONG_MS) return 0;
    return this.#parts.threads * Math.min(MOST_AHEAD, Math.ceil(AHEAD_MS / fn.averageMs));
  }

  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#parts.clock.after(GIVE_BACK_MS, () => this.#look());
  }

  #look(): void {
    this.#looking = false;
    const late = this.#old.filter((flight) => this.#ready.has(flight));
    this.#stuck ||= late.length > 0;
    this.#giveBack(late);
    this.#old = [...this.#ready];
    if (this.#old.length > 0) this.#lookLater();
  }

  /** To the front of the line, in their order. */
  #giveBack(flights: readonly Flight[]): void {
    for (const flight of [...flights].reverse()) {
      this.leave(flight);
      this.#parts.queue.remove(flight);
      flight.waitInLine(this.#line.pushFront(flight));
    }
  }
}
