/**
 * The flights that are wanted now, by key, and how one ends.
 *
 * Invariant: `live` has at most one flight a key, and only flights that have not settled. A fenced
 * flight is not live: it still answers its own waiters, and a new call of its key gets a new one.
 */

import { type Answer, Flight, SETTLED, type Waiter } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

/** Where flights wait until a thread is free; the coordinator begins one then. */
export interface Backlog {
  /** False when it is full; a flight that starts `again` goes first, and always has room. */
  enqueue(flight: Flight, again: boolean): boolean;
  withdraw(flight: Flight): void;
  /** Whether there is room for one more flight, beside so many that will come. */
  hasRoomBeside(others: number): boolean;
  /** How many more could be begun at once. */
  openings(): number;
}

/** The flights of one function. */
interface FlightsOf {
  /** By key. */
  readonly live: Map<string, Flight>;
  /** Those that probe or are leased, live or not: what an invalidation has to fence. */
  readonly underway: Set<Flight>;
}

export class Flights {
  readonly #functions = new Map<FunctionRecord, FlightsOf>();
  readonly #backlog: Backlog;
  readonly #endTurn: (flight: Flight) => void;

  /** @param endTurn ends what tiers have granted a flight: it has ended, or nothing is to be stored. */
  constructor(backlog: Backlog, endTurn: (flight: Flight) => void) {
    this.#backlog = backlog;
    this.#endTurn = endTurn;
  }

  live(fn: FunctionRecord, key: string): Flight | undefined {
    return this.#of(fn).live.get(key);
  }

  allLive(): Flight[] {
    return [...this.#functions.values()].flatMap(({ live }) => [...live.values()]);
  }

  /** The key must have no live flight. */
  open(fn: FunctionRecord, key: string): Flight {
    const { live, underway } = this.#of(fn);
    const flight = new Flight(fn, key, underway);
    live.set(key, flight);
    return flight;
  }

  /** A flight for one waiter alone, that nobody else joins and whose value is not kept. */
  openApart(fn: FunctionRecord, key: string): Flight {
    const flight = new Flight(fn, key, this.#of(fn).underway);
    flight.fenced = true;
    flight.isApart = true;
    return flight;
  }

  /** Makes a flight live that starts again; false when its key has another one meanwhile. */
  revive(flight: Flight): boolean {
    const { live } = this.#of(flight.fn);
    const present = live.get(flight.key);
    if (present && present !== flight) return false;
    flight.fenced = false;
    live.set(flight.key, flight);
    return true;
  }

  /** Ends a flight, wherever it is: by identity, so that a newer one of its key stays. */
  forget(flight: Flight): void {
    if (flight.phase.at === 'queued') this.#backlog.withdraw(flight);
    this.#remove(flight);
    this.#endTurn(flight);
    flight.enter(SETTLED);
  }

  /** Ends a flight: every waiter gets the answer, but the leader, who has the outcome already. */
  answer(flight: Flight, answer: Answer, leader?: Waiter): void {
    this.forget(flight);
    for (const waiter of flight.dismiss()) {
      if (waiter === leader) waiter.ledItself();
      else waiter.deliver(answer);
    }
  }

  /** What is under way answers its waiters, and is not kept; what has not started starts later. */
  fence(flight: Flight): void {
    if (flight.phase.at === 'probing') flight.phase.discard = true;
    if (flight.phase.at !== 'leased') return;
    flight.fenced = true;
    this.#remove(flight);
    this.#endTurn(flight);
  }

  fenceAll(fn: FunctionRecord): void {
    for (const flight of [...this.#of(fn).underway]) this.fence(flight);
  }

  #remove(flight: Flight): void {
    const { live } = this.#of(flight.fn);
    if (live.get(flight.key) === flight) live.delete(flight.key);
  }

  #of(fn: FunctionRecord): FlightsOf {
    const known = this.#functions.get(fn);
    if (known) return known;
    const made: FlightsOf = { live: new Map(), underway: new Set() };
    this.#functions.set(fn, made);
    return made;
  }
}
