/** Time and timers, passed in wherever they are used so that tests decide what time it is. */

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
}

export interface Timer {
  cancel(): void;
}

/** `setTimeout` takes no more than this many milliseconds (24.8 days). */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
  stayAlive() {
    const timer = setInterval(() => {}, LONGEST_TIMER);
    return { cancel: () => clearInterval(timer) };
  },
};
