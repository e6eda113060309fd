/**
 * Single flight between processes: before a flight is computed, the tiers' leases are asked for.
 *
 * A process must not sit on leases for work that it will only begin later, while another one has
 * nothing to do. So flights wait in line here, rather than in the backlog, and a lease is asked for
 * when a thread is about to be free. What another process computes leaves the line, and waits
 * without a thread until it is over. A lease that was granted and not begun within a second goes
 * back: the threads may be blocked by what other processes compute, and these by it.
 *
 * Invariant: a flight with a turn is probing; or `granted`, and then queued or leased. Whoever ends a
 * flight calls `leave`, and a turn that was left gives back what the tier still grants it.
 */

import type { Clock, Timer } from '../clock.ts';
import { LinkedList } from '../linked-list.ts';
import type { TierLease } from '../tiers/tier.ts';
import type { Flight, Turn } from './flight.ts';
import type { Found } from './found.ts';
import type { FunctionRecord } from './function-record.ts';
import type { TierAnswer, TierChain } from './tier-chain.ts';

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

export interface TierLeaseEvents {
  /** The flight may be computed; or must, because its lease cannot be had. */
  start(flight: Flight): void;
  found(flight: Flight, found: Found): void;
  /** Takes the flight out of the backlog; it is probing again. */
  unqueue(flight: Flight): void;
  /** How many flights could be begun at once, beyond those that are queued. Negative for too many. */
  openings(): number;
}

export class TierLeases {
  readonly #tiers: TierChain;
  readonly #clock: Clock;
  readonly #threads: number;
  readonly #events: TierLeaseEvents;
  readonly #line = new LinkedList<Flight>();
  /** Granted, and queued. */
  readonly #ready = new Set<Flight>();
  /** Those that were there at the last look. */
  #old: Flight[] = [];
  #looking = false;
  #asked = 0;
  /** Nothing has begun since something was given back. */
  #stuck = false;
  /** What is asked for, or held by another process. */
  #waiting = 0;
  #stayAlive: Timer | undefined;

  constructor(tiers: TierChain, clock: Clock, threads: number, events: TierLeaseEvents) {
    this.#tiers = tiers;
    this.#clock = clock;
    this.#threads = threads;
    this.#events = events;
  }

  /** Flights in line. */
  get size(): number {
    return this.#line.size;
  }

  /** The flight is probing, and has no turn. `urgent`: a thread waits to compute it. */
  ask(flight: Flight, urgent: boolean): void {
    if (!this.#tiers.leases) return this.#events.start(flight);
    if (urgent) return void this.#ask(flight, flight.refreshes);
    flight.turn = { at: 'line', link: this.#line.pushBack(flight) };
    this.next();
  }

  /** A thread wants to compute it at once. */
  hurry(flight: Flight): void {
    if (flight.turn?.at !== 'line') return;
    this.#line.remove(flight.turn.link);
    void this.#ask(flight, flight.refreshes);
  }

  /** Asks for as many as will soon be begun. To be called whenever that may have become more. */
  next(): void {
    for (let first = this.#line.front; first; first = this.#line.front) {
      if (this.#events.openings() + this.#ahead(first) <= this.#asked) return;
      this.hurry(first);
    }
  }

  /** It waits for a thread from now on. */
  queued(flight: Flight): void {
    if (flight.turn?.at !== 'granted') return;
    this.#ready.add(flight);
    this.#lookLater();
  }

  /** A thread computes it from now on. */
  begun(flight: Flight): void {
    if (!this.#ready.delete(flight)) return;
    this.#stuck = false;
    this.next();
  }

  /** The lease, for a store that ends it. */
  take(flight: Flight): TierLease | undefined {
    const { turn } = flight;
    if (turn?.at !== 'granted') return undefined;
    flight.turn = undefined;
    return turn.lease;
  }

  /** Ends its turn, whatever that is. */
  leave(flight: Flight): void {
    const { turn } = flight;
    flight.turn = undefined;
    this.#ready.delete(flight);
    if (turn?.at === 'line') this.#line.remove(turn.link);
    if (turn?.at === 'held') this.#leaveHeld(turn);
    if (turn?.at === 'granted') this.#tiers.release(flight.fullKey, turn.lease);
  }

  /** An invalidation has ended the leases of what was not begun: they are asked for again. */
  fence(fn: FunctionRecord, key?: string): void {
    const fenced = [...this.#ready].filter(
      (flight) => flight.fn === fn && (key === undefined || flight.key === key),
    );
    this.#giveBack(fenced);
    this.next();
  }

  async #ask(flight: Flight, refresh: boolean): Promise<void> {
    const turn: Turn = { at: 'asking' };
    flight.turn = turn;
    if (flight.phase.at === 'probing') flight.phase.discard = false;
    this.#wait(1);
    this.#asked++;
    const answer = await this.#tiers.lease(flight.fn.info.id, flight.fullKey, refresh);
    this.#asked--;
    this.#wait(-1);
    const isWanted = flight.turn === turn;
    const discard = flight.phase.at === 'probing' && flight.phase.discard;
    if (isWanted && !discard) this.#answered(flight, answer);
    else this.#refuse(flight, answer);
    if (isWanted && discard) void this.#ask(flight, flight.refreshes);
    // Threads have got nothing from this, unless it was granted.
    this.next();
  }

  #answered(flight: Flight, answer: TierAnswer): void {
    flight.turn = undefined;
    switch (answer.state) {
      case 'found':
        return this.#events.found(flight, answer.found);
      case 'held':
        return this.#waitForOther(flight, answer);
      case 'granted':
        flight.turn = { at: 'granted', lease: answer.lease };
        break;
      case 'failed':
        break;
      default:
        answer satisfies never;
    }
    this.#events.start(flight);
  }

  /** What comes too late. */
  #refuse(flight: Flight, answer: TierAnswer): void {
    if (answer.state === 'granted') this.#tiers.release(flight.fullKey, answer.lease);
    if (answer.state === 'held') answer.leave();
  }

  #waitForOther(flight: Flight, { over, leave }: TierAnswer & { readonly state: 'held' }): void {
    const patience = this.#clock.after(PATIENCE_MS, () => this.#outOfPatience(flight));
    const turn: Turn = { at: 'held', leave, patience };
    flight.turn = turn;
    this.#wait(1);
    void over.then(() => {
      if (flight.turn !== turn) return;
      this.#leaveHeld(turn);
      // What it computes is as good as what a call of this process would have joined.
      void this.#ask(flight, false);
    });
  }

  #leaveHeld({ leave, patience }: Turn & { readonly at: 'held' }): void {
    patience.cancel();
    leave();
    this.#wait(-1);
  }

  /** Nothing else may keep the process alive: the caller waits for no thread. */
  #wait(more: 1 | -1): void {
    this.#waiting += more;
    if (this.#waiting === 0) this.#stayAlive?.cancel();
    else if (this.#waiting === 1 && more === 1) this.#stayAlive = this.#clock.stayAlive();
  }

  #outOfPatience(flight: Flight): void {
    const { turn } = flight;
    if (turn?.at !== 'held') return;
    if (!flight.waiters.some(({ parent }) => parent)) {
      turn.patience = this.#clock.after(PATIENCE_MS, () => this.#outOfPatience(flight));
      return;
    }
    this.leave(flight);
    flight.fn.counters.duplicates++;
    this.#events.start(flight);
  }

  #ahead({ fn }: Flight): number {
    if (this.#stuck || fn.averageMs > LONG_MS) return 0;
    return this.#threads * Math.min(MOST_AHEAD, Math.ceil(AHEAD_MS / fn.averageMs));
  }

  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#clock.after(GIVE_BACK_MS, () => this.#look());
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
      this.#events.unqueue(flight);
      flight.turn = { at: 'line', link: this.#line.pushFront(flight) };
    }
  }
}
