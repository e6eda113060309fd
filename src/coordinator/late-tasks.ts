/**
 * Tasks that were handed to a thread behind others, and that it has not started at the second look: 2 to
 * 4 ms later. They are taken back, for any thread that is free.
 */

import type { Clock } from '../clock.ts';
import type { Lease } from './flight.ts';

const LOOK_AFTER_MS = 2;

export class LateTasks {
  readonly #clock: Clock;
  readonly #takeBack: (lease: Lease) => void;
  /** Handed over between the last two looks, and before them. */
  #young: Lease[] = [];
  #old: Lease[] = [];
  #isAhead = false;

  /** @param takeBack called with a lease that is late, and may have been started all the same */
  constructor(clock: Clock, takeBack: (lease: Lease) => void) {
    this.#clock = clock;
    this.#takeBack = takeBack;
  }

  watch(lease: Lease): void {
    this.#young.push(lease);
    this.#lookLater();
  }

  #look(): void {
    const old = this.#old;
    this.#old = this.#young;
    this.#young = [];
    this.#isAhead = false;
    // The last first, because each goes to the front.
    for (const lease of old.reverse()) if (lease.flight.lease === lease) this.#takeBack(lease);
    if (this.#old.length > 0) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#isAhead) return;
    this.#isAhead = true;
    this.#clock.after(LOOK_AFTER_MS, () => this.#look());
  }
}
