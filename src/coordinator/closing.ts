/** How calls end because their pool does: those that have not begun are withdrawn, all end, or all are answered. */

import type { Clock } from '../clock.ts';
import { PoolClosedError } from '../errors.ts';
import { type Answer, type Flight, failure, type Waiter } from './flight.ts';
import type { At } from './flight-states.ts';
import type { Flights } from './flights.ts';
import type { Leases } from './leases.ts';
import type { Queue } from './queue.ts';
import { AT_ONCE, type Slices } from './slices.ts';
import type { Waiters } from './waiters.ts';

const WAITS_ELSEWHERE: ReadonlySet<At> = new Set([
  'limited',
  'probing',
  'in line',
  'asking',
  'held',
]);

/** Calls that are withdrawn, those of one flight together: lists, because an object for each takes too long. */
interface Aside {
  readonly calls: Waiter[];
  /** Of each call, what it waited for. */
  readonly flights: Flight[];
}

export interface ClosingParts {
  readonly clock: Clock;
  readonly leases: Leases;
  readonly slices: Slices;
  readonly queue: Queue;
  readonly flights: Flights;
  readonly waiters: Waiters;
}

export class Closing {
  readonly #parts: ClosingParts;
  #stopDraining = () => {};

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  /**
   * Settles when no call waits any more, or after so many milliseconds, or when `stopDraining` is called.
   * What no caller wants is not waited for.
   */
  async drain(ms: number): Promise<void> {
    const { flights, clock } = this.#parts;
    const awake = clock.stayAlive();
    let isLookedFor = false;
    await new Promise<void>((resolve) => {
      this.#stopDraining = resolve;
      const timer = clock.after(ms, resolve);
      const look = () => {
        isLookedFor = false;
        if (this.#isWanted()) return;
        timer.cancel();
        resolve();
      };
      flights.ended = () => {
        // Thousands may end at once.
        if (!isLookedFor) clock.soon(look);
        isLookedFor = true;
      };
      flights.ended();
    });
    flights.ended = undefined;
    awake.cancel();
  }

  stopDraining(): void {
    this.#stopDraining();
  }

  /** Invariant: a call that waits is answered by a flight that is live, or leased. */
  #isWanted(): boolean {
    for (const { isSettled, waiters } of this.#flights())
      if (!isSettled && waiters.length > 0) return true;
    return false;
  }

  /** Answers every call that waits. Settles when no flight is left that could begin or go on. */
  close(): Promise<void> {
    const { slices, flights } = this.#parts;
    const answer = failure(new PoolClosedError('the pool was closed before the call was answered'));
    const open = this.#unsettled();
    return new Promise((resolve) => {
      slices.run(() => {
        const { value: flight } = open.next();
        if (flight && !flight.isSettled) flights.answer(flight, answer);
        return flight !== undefined;
      }, resolve);
    });
  }

  /** Those that have settled are among them. A flight that starts again meanwhile may be where the last pass was. */
  *#unsettled(): Iterator<Flight, undefined> {
    for (let isOver = false; !isOver; ) {
      isOver = true;
      for (const flight of this.#flights()) {
        isOver &&= flight.isSettled;
        yield flight;
      }
    }
    return undefined;
  }

  *#flights(): Iterable<Flight> {
    yield* this.#parts.flights.live();
    for (const { flight } of this.#parts.leases.all()) yield flight;
  }

  /**
   * The calls of the coordinator's own thread whose computations have not begun are rejected. There
   * may be very many, each with an error of its own: so that is done in slices.
   *
   * Invariant: which calls those are is settled at once. What only they want is taken from the threads
   * and out of the queue before this returns, and what asks the tiers is left, so it does not begin
   * meanwhile; and a call that comes later, and joins one of their flights, is none of them: the
   * flight starts again for it.
   */
  withdraw(): void {
    const aside: Aside = { calls: [], flights: [] };
    const { flights, leases, slices } = this.#parts;
    flights.forEachLive((flight) => this.#setAside(flight, aside));
    // A flight whose lease was fenced is not live, and its task may not have been started either.
    for (const { flight, isFenced } of leases.all()) if (isFenced) this.#setAside(flight, aside);
    const work = this.#withdrawSteps(aside);
    const step = () => {
      const { value: run, done } = work.next();
      run?.();
      return !done;
    };
    if (aside.calls.length > AT_ONCE) slices.later(step);
    else slices.run(step);
  }

  /** Steps that throw are the caller's: in here they would end the generator, and others would wait for ever. */
  *#withdrawSteps({ calls, flights }: Aside): Generator<() => void, void> {
    const answer = failure(new PoolClosedError('the call was withdrawn before it was begun'));
    for (const [at, call] of calls.entries()) {
      const flight = flights[at] as Flight;
      yield () => this.#withdrawOne(flight, call, answer);
      if (flights[at + 1] !== flight) yield () => this.#goOn(flight);
    }
  }

  #withdrawOne(flight: Flight, call: Waiter, answer: Answer): void {
    if (call.flight === flight) this.#parts.waiters.leave(call);
    // A caller that has gone meanwhile by itself takes no notice.
    if (!call.flight) call.deliver(answer);
  }

  /** Others wait for it. */
  #goOn(flight: Flight): void {
    const { state } = flight;
    if (state.at === 'open') this.#parts.waiters.startAgain(flight);
    else if (state.at === 'queued' && !state.link) this.#parts.queue.add(flight, true);
  }

  /** Nothing if the computation has begun. Otherwise it does not begin for them. What computations here have asked for goes on. */
  #setAside(flight: Flight, { calls, flights }: Aside): void {
    const { lease, waiters } = flight;
    const first = calls.length;
    for (const waiter of waiters) {
      if (!isWithdrawn(waiter)) continue;
      calls.push(waiter);
      flights.push(flight);
    }
    const count = calls.length - first;
    if (count === 0) return;
    if (lease && !this.#parts.leases.takeBack(lease)) {
      calls.length = first;
      flights.length = first;
      return;
    }
    if (!lease && count === waiters.length) this.#parts.queue.remove(flight);
    if (!WAITS_ELSEWHERE.has(flight.state.at)) return;
    for (const call of calls.slice(first)) this.#parts.waiters.leave(call);
  }
}

function isWithdrawn({ peer, parent }: Waiter): boolean {
  return !peer && !parent;
}
