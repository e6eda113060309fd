/**
 * Long work, a few milliseconds at a time: a million callers wait for one answer, and each gets a copy.
 *
 * What is short is done at once, and what comes later and is short does not wait for what is long.
 * Long works take turns, so that none waits for another's end. What a step throws is thrown on, and the
 * work goes on in the next turn: one waiter's fault is not the others'.
 */

import type { Clock } from '../clock.ts';

/** Steps that are done at once. */
export const AT_ONCE = 64;
/** Of one turn of the event loop. */
const SLICE_MS = 4;
/** Steps between two looks at the clock; each takes microseconds. */
const STEPS = 16;

/** Does one step of the work; false when there was none left. */
type Step = () => boolean;

interface Work {
  readonly step: Step;
  readonly done: () => void;
}

export class Slices {
  readonly #clock: Clock;
  readonly #long: Work[] = [];
  #isAhead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `done` is called after the last step. What a step throws is thrown in a turn of its own: here it
   * would end what the coordinator is in the midst of.
   */
  run(step: Step, done: () => void = () => {}): void {
    try {
      this.#work({ step, done }, AT_ONCE);
    } catch (error) {
      this.#throwLater(error);
    } finally {
      if (this.#long.length > 0) this.#later();
    }
  }

  /** The same with nothing at once: to find out what there is to do has taken its time. */
  later(step: Step): void {
    this.#long.push({ step, done: () => {} });
    this.#later();
  }

  /** One step that is the whole work. */
  once<Args extends readonly unknown[]>(step: (...args: Args) => boolean, ...args: Args): void {
    try {
      step(...args);
    } catch (error) {
      this.#throwLater(error);
    }
  }

  #throwLater(error: unknown): void {
    this.#clock.soon(() => {
      throw error;
    });
  }

  #work(work: Work, most: number): void {
    let isOver = false;
    try {
      isOver = !goesOn(work.step, most);
    } finally {
      if (!isOver) this.#long.push(work);
    }
    if (isOver) work.done();
  }

  #later(): void {
    if (this.#isAhead) return;
    this.#isAhead = true;
    this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isAhead = false;
    const end = this.#clock.now() + SLICE_MS;
    try {
      do {
        const work = this.#long.shift();
        if (!work) return;
        this.#work(work, STEPS);
      } while (this.#clock.now() < end);
    } finally {
      if (this.#long.length > 0) this.#later();
    }
  }
}

function goesOn(step: Step, most: number): boolean {
  for (let left = most; left > 0; left--) if (!step()) return false;
  return true;
}
