/**
 * Deaths of the pool's threads that no call is told of: what is uncaught while nothing is computed,
 * such as a rejection that comes after the answer, or the `error` of a server that a module starts;
 * and what takes only computations with it that succeed elsewhere.
 *
 * The thread is replaced, so all that shows is that calls are slow. Hence a warning, and another one
 * when it happens again and again.
 */

import { inspect } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Flight, Peer } from '../coordinator/flight.ts';
import { isInjected } from '../testing/fault-plan.ts';
import type { Warnings } from '../text/warnings.ts';

/** So many deaths, each within this time (milliseconds) of the one before, are a habit. */
const HABIT = 3;
const SAME_CAUSE_MS = 60_000;

const LONGEST_DETAIL = 5000;

const BLOCKED =
  'it was replaced, because what a function or its module had left behind, such as an endless timer, ' +
  'kept it from its calls for more than 5 seconds';

const WHAT_TO_DO =
  'Each time a thread has to be started anew, so calls are slow. What fails was left behind by a ' +
  'function or its module: await every promise, or handle its rejection; end every timer; listen to the `error` event ' +
  'of sockets and servers; start servers only if isMainThread (node:worker_threads).';

export class Uncaught {
  readonly #warnings: Warnings;
  readonly #clock: Clock;
  /** So far. */
  count = 0;
  #inARow = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(warnings: Warnings, clock: Clock) {
    this.#warnings = warnings;
    this.#clock = clock;
  }

  /** @param conclude has the death answer, or start again, what the thread computed. */
  watch(peer: Peer, cause: unknown, conclude: () => void): void {
    if (peer.replaced || isInjected(cause)) return conclude();
    const wanted: Flight[] = [];
    for (const { cancelled, flight } of peer.leases) if (cancelled === 'no') wanted.push(flight);
    conclude();
    if (!wanted.some(({ isSettled }) => isSettled)) this.#report(detailOf(cause));
  }

  /** What was left behind in a thread kept it from its tasks, and it was replaced. */
  blocked(): void {
    this.#report(BLOCKED);
  }

  #report(detail: string): void {
    this.count++;
    const now = this.#clock.now();
    this.#inARow = now - this.#lastAt < SAME_CAUSE_MS ? this.#inARow + 1 : 1;
    this.#lastAt = now;
    const [reason = ''] = detail.split('\n', 1);
    if (this.#inARow < HABIT) {
      const text = `a worker thread died, and no call has failed with it: ${reason}`;
      return this.#warnings.warn('thread died', text, detail, 'THREADMEMO_THREAD_DIED');
    }
    const text = `worker threads die again and again, ${this.#inARow} times by now, and no call fails with it: ${reason}`;
    const code = 'THREADMEMO_THREADS_KEEP_DYING';
    this.#warnings.warn('threads keep dying', `${text}. ${WHAT_TO_DO}`, detail, code);
  }
}

/** With its stack, its cause and its fields. */
function detailOf(cause: unknown): string {
  const text = inspect(cause);
  return text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}…` : text;
}
