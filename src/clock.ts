/** Time and timers, passed in wherever they are used so that tests decide what time it is. */

import {
  clearTimeout,
  dateNow,
  performance,
  setImmediate,
  setInterval,
  setTimeout,
} from './runtime/globals.ts';

export interface Clock {
  /** Milliseconds, from any origin, never going back. */
  now(): number;
  /** Milliseconds since 1970, for times that other processes read. */
  date(): number;
  /** Calls `run` once, `ms` from now, unless cancelled. Does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
  /** Calls `run` once, after the events that wait already, unless the process ends first. */
  soon(run: () => void): void;
  /** Keeps the process alive until cancelled. */
  stayAlive(): Timer;
  /** Where other threads read it, if it is not the system's. */
  readonly cells?: SharedArrayBuffer;
}

export interface Timer {
  cancel(): void;
}

/** `setTimeout` takes no more than this many milliseconds (24.8 days). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Keeps the process alive while there is a reason to. One for all: calls come and go by the thousand. */
let awake: ReturnType<typeof setInterval> | undefined;
const reasons = new Set<Timer>();

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => dateNow(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
  stayAlive() {
    awake ??= setInterval(() => {}, LONGEST_TIMER).unref();
    if (reasons.size === 0) awake.ref();
    const reason = {
      cancel() {
        if (reasons.delete(reason) && reasons.size === 0) awake?.unref();
      },
    };
    reasons.add(reason);
    return reason;
  },
};

/** What is under way keeps the process alive, and nothing else does. */
export class Pending {
  readonly #clock: Clock;
  #count = 0;
  #awake: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#count++;
    if (this.#count === 1) this.#awake = this.#clock.stayAlive();
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) this.#awake?.cancel();
  }
}
