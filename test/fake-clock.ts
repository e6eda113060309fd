/** Time that passes only when a test says so. */

import type { Clock, Timer } from '../src/clock.ts';

export class FakeClock implements Clock {
  #now = 0;
  #timers = new Set<{ at: number; run: () => void }>();
  #soon: (() => void)[] = [];
  #awake = 0;

  now(): number {
    return this.#now;
  }

  date(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  stayAlive(): Timer {
    this.#awake++;
    return { cancel: () => this.#awake-- };
  }

  /** Keeps no process alive. */
  get mayEnd(): boolean {
    return this.#awake === 0;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.run();
    }
  }

  /** One turn of the event loop: what was asked for `soon` before. What one throws ends no other. */
  turn(): void {
    const failed: unknown[] = [];
    for (const run of this.#soon.splice(0)) {
      try {
        run();
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  get idle(): boolean {
    return this.#soon.length === 0;
  }
}
