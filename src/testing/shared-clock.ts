/**
 * Time that lies in shared memory, and passes only when `fake-clock.ts` says so: the same in all threads.
 *
 * Two cells: microseconds since 1970, and a count of the changes, at which threads that have timers are
 * woken. A timer is late by a turn of the event loop, as real ones are, and is cancelled in time.
 */

import type { Clock, Timer } from '../clock.ts';
import { systemClock } from '../clock.ts';

/** What the pool is given, and what its threads are told of a clock. */
export interface ClockCells {
  readonly cells: SharedArrayBuffer;
}

export const CLOCK_BYTES = 16;

/** The one with the microseconds; then the count of changes. */
export function viewsOf(cells: SharedArrayBuffer): { time: BigInt64Array; changes: Int32Array } {
  return { time: new BigInt64Array(cells, 0, 1), changes: new Int32Array(cells, 8, 1) };
}

export class SharedClock implements Clock {
  readonly cells: SharedArrayBuffer;
  readonly #time: BigInt64Array;
  readonly #changes: Int32Array;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  #isWatching = false;

  constructor({ cells }: ClockCells) {
    const { time, changes } = viewsOf(cells);
    this.cells = cells;
    this.#time = time;
    this.#changes = changes;
  }

  now(): number {
    return Number(Atomics.load(this.#time, 0)) / 1000;
  }

  date(): number {
    return this.now();
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.now() + ms, run };
    this.#timers.add(timer);
    if (this.#isWatching) this.#runDue();
    else void this.#watch();
    return { cancel: () => this.#timers.delete(timer) };
  }

  soon(run: () => void): void {
    systemClock.soon(run);
  }

  stayAlive(): Timer {
    return systemClock.stayAlive();
  }

  /** The count is read before the time: a change that comes between the two is seen at once. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    while (this.#timers.size > 0) {
      const change = Atomics.load(this.#changes, 0);
      this.#runDue();
      if (this.#timers.size > 0) await Atomics.waitAsync(this.#changes, 0, change).value;
    }
    this.#isWatching = false;
  }

  /** One after the other in a turn of its own: what one throws ends no other. */
  #runDue(): void {
    const now = this.now();
    const due = [...this.#timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) systemClock.soon(() => this.#timers.delete(timer) && timer.run());
  }
}
