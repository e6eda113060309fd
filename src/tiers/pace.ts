/**
 * Whether a tier's answers are worth waiting for. One that answers, but takes longer for it than a
 * function takes to compute, makes every miss of that function slower and every hit too.
 *
 * A tier is slow when its last eight answers took more than 50 ms each. While it is, it is not asked,
 * nor written to, for a function that computes in less than two of its answers: a miss waits for two,
 * about the value and about the lease. For other functions it goes on being asked. It is not slow any
 * more after three answers in a row below 25 ms; where nothing else asks, there is one look a second in
 * the background. Invalidations reach it in any case.
 *
 * Of questions that are asked before any of them is answered, only the first answer counts. The others
 * stand in line: a thousand at once take a fast tier 100 ms, and far less than to compute them.
 *
 * Time is counted in ticks that this thread has seen, so that a busy thread, which learns late of what
 * has come in time, does not give up its cache for that, and so become busier.
 */

import type { Clock } from '../clock.ts';

/** Milliseconds. */
const TICK = 10;
const SLOW = 50;
const FAST = 25;
const PROBE_EVERY = 1000;
/** Answers in a row. */
const SLOW_ANSWERS = 8;
const FAST_ANSWERS = 3;
/** Answers for which a miss waits. */
const ANSWERS_OF_A_MISS = 2;
/** Of the mean of answers, the weight of the last. */
const WEIGHT = 0.25;

/** Questions that were asked before any of them was answered. */
interface Together {
  /** The tick of the first. */
  readonly since: number;
  isAnswered: boolean;
}

export class Pace {
  readonly #clock: Clock;
  readonly #becameSlow: (ms: number) => void;
  #ticks = 0;
  #isTicking = false;
  #underway = 0;
  #isSlow = false;
  #slow = 0;
  #fast = 0;
  /** Milliseconds; none before the first answer. */
  #typical: number | undefined;
  #probeAt = 0;
  #together: Together = { since: 0, isAnswered: true };

  constructor(clock: Clock, becameSlow: (ms: number) => void) {
    this.#clock = clock;
    this.#becameSlow = becameSlow;
  }

  /** @param ms that computing takes; `Infinity` when that is not known */
  isWorthIt(ms: number): boolean {
    return !this.#isSlow || ms > ANSWERS_OF_A_MISS * (this.#typical ?? 0);
  }

  /** Whether it is time for a look, when the tier was not asked. */
  takeProbe(): boolean {
    const now = this.#clock.now();
    if (now < this.#probeAt) return false;
    this.#probeAt = now + PROBE_EVERY;
    return true;
  }

  async measure<T>(answer: Promise<T>): Promise<T> {
    const together = this.#ask();
    this.#underway++;
    this.#tickLater();
    try {
      const answered = await answer;
      this.#answered(together);
      return answered;
    } catch (error) {
      // What is refused at once says nothing about what is answered.
      if (this.#took(together) > FAST) this.#answered(together);
      throw error;
    } finally {
      this.#underway--;
    }
  }

  #ask(): Together {
    if (this.#together.isAnswered) this.#together = { since: this.#ticks, isAnswered: false };
    return this.#together;
  }

  /** Milliseconds. */
  #took({ since }: Together): number {
    return (this.#ticks - since) * TICK;
  }

  #answered(together: Together): void {
    if (together.isAnswered) return;
    together.isAnswered = true;
    const ms = this.#took(together);
    const before = this.#typical ?? ms;
    this.#typical = before + (ms - before) * WEIGHT;
    this.#slow = ms > SLOW ? this.#slow + 1 : 0;
    this.#fast = ms < FAST ? this.#fast + 1 : 0;
    if (this.#isSlow) this.#isSlow = this.#fast < FAST_ANSWERS;
    else if (this.#slow >= SLOW_ANSWERS) {
      this.#isSlow = true;
      this.#probeAt = this.#clock.now() + PROBE_EVERY;
      this.#becameSlow(Math.round(this.#typical));
    }
  }

  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(TICK, () => {
      this.#isTicking = false;
      this.#ticks++;
      if (this.#underway > 0) this.#tickLater();
    });
  }
}
