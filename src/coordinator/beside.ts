/**
 * What a thread may be given beside computations that wait in it for others.
 *
 * A computation whose call is answered goes on only when its thread returns to it. So a task beside it
 * should keep the thread for a moment only: its function's longest stretch, as measured, is short. Any
 * other task, and the first of a function, is given
 * - to a thread in which a computation waits for just this, directly or by others, or for something
 *   in the queue that takes as long;
 * - else to a thread that does nothing, if there will be one: while another thread computes, is woken
 *   or is started, it waits for that, but no longer than it may keep others waiting itself;
 * - at once to any thread, when all threads only wait: what they wait for may be this, or need it.
 *
 * Invariant: a task is held back only while another thread is awaited, and for a bounded time.
 */

import type { Clock, Timer } from '../clock.ts';
import { type Flight, type Lease, MOST_PATIENCE, type Peer } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';

/** Milliseconds that a task waits for a thread of its own: of a function not measured, and at most. */
const PATIENCE = 2000;
/** Flights that are looked at beside the first, and steps in the wait-for graph: for each task again. */
const MOST_FLIGHTS = 16;
const MOST_STEPS = 100;

export class Beside {
  readonly #clock: Clock;
  readonly #again: () => void;
  /** Since when they wait for a thread of their own. */
  readonly #since = new WeakMap<Flight, number>();
  #timer: { readonly at: number; readonly timer: Timer } | undefined;

  /** @param again called when one has waited long enough */
  constructor(clock: Clock, again: () => void) {
    this.#clock = clock;
    this.#again = again;
  }

  /**
   * @param peer a thread all of whose computations wait
   * @param front of the queue
   * @param isAnotherComing whether another thread will be free without this one's doing
   */
  choose(peer: Peer, front: Flight, isAnotherComing: () => boolean): Flight | undefined {
    if (this.#isWelcome(front)) return front;
    const needed = neededIn(peer);
    if (needed) return isNoLonger(front.fn, needed.fn) ? front : needed;
    if (!isAnotherComing()) return front;
    let next: Flight | undefined = front;
    for (let n = 0; next && n < MOST_FLIGHTS; n++, next = next.place?.after?.item) {
      if (this.#isWelcome(next)) return next;
      this.#hold(next);
    }
    return undefined;
  }

  #isWelcome(flight: Flight): boolean {
    if (flight.fn.isShort && flight.deaths === 0) return true;
    const since = this.#since.get(flight);
    return since !== undefined && this.#clock.now() >= since + patienceOf(flight.fn);
  }

  #hold(flight: Flight): void {
    const now = this.#clock.now();
    const since = this.#since.get(flight) ?? now;
    this.#since.set(flight, since);
    const at = since + patienceOf(flight.fn);
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.after(at - now, () => {
      this.#timer = undefined;
      this.#again();
    });
    this.#timer = { at, timer };
  }
}

/** As far as it is known. */
function isNoLonger(fn: FunctionRecord, other: FunctionRecord): boolean {
  if (fn === other) return true;
  return fn.stretchMs !== undefined && fn.stretchMs <= (other.stretchMs ?? 0);
}

function patienceOf({ stretchMs = PATIENCE }: FunctionRecord): number {
  return Math.min(stretchMs, MOST_PATIENCE);
}

/** A flight of the queue that something in this thread waits for. */
function neededIn(peer: Peer): Flight | undefined {
  const reached = new Set<Lease>();
  let steps = MOST_STEPS;
  for (const lease of peer.leases) {
    if (--steps < 0) return undefined;
    reached.add(lease);
  }
  for (const lease of reached) {
    for (const { flight } of lease.calls) {
      if (--steps < 0) return undefined;
      if (flight?.place) return flight;
      if (flight?.lease) reached.add(flight.lease);
    }
  }
  return undefined;
}
