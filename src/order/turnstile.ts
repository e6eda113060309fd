/**
 * Lets a few pass in each turn of the event loop, in their order: thousands of functions may be cleared
 * at one moment, or go on when the code of their module is known, and each asks the disk several things
 * before anything can be waited for.
 */

import { setImmediate } from '../runtime/globals.ts';

/** Each takes some hundredths of a millisecond before it waits for the disk. */
export const IN_A_TURN = 32;

export class Turnstile {
  #left = IN_A_TURN;
  #waiting: (() => void)[] = [];
  #isAhead = false;

  /** Settles when the caller may pass; `undefined` when that is now. */
  pass(): Promise<void> | undefined {
    this.#later();
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left--;
    return undefined;
  }

  #later(): void {
    if (this.#isAhead) return;
    this.#isAhead = true;
    setImmediate(() => {
      this.#isAhead = false;
      const passing = this.#waiting.splice(0, IN_A_TURN);
      this.#left = IN_A_TURN - passing.length;
      for (const pass of passing) pass();
      if (passing.length > 0) this.#later();
    });
  }
}
