/** What is under way keeps the process alive, and nothing else of a tier does. */

import type { Clock, Timer } from '../clock.ts';

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
