/**
 * A tier that remembers what it did not store, and why. The pool counts what fails in a tier and goes
 * on; but who starts a command with a cache relies on finding the results there.
 */

import { decorate, type Wraps } from '../tiers/decorate.ts';
import type { LeaseAnswer, Tier } from '../tiers/tier.ts';
import { messageOf } from './error-words.ts';

export interface NotStored {
  /** Results. */
  readonly notStored: number;
  /** Of the last one; unknown if none was tried. */
  readonly reason: string | undefined;
}

export class WatchedTier {
  readonly tier: Tier;
  #count = 0;
  #reason: string | undefined;

  constructor(tier: Tier) {
    const wraps: Wraps = {
      set:
        (set) =>
        (...what) =>
          this.#stored(() => set(...what)),
      lease:
        (lease) =>
        async (...what) =>
          this.#leased(await lease(...what)),
    };
    // No single result is waited for, and other machines' share of the work is worth more.
    this.tier = decorate(tier, wraps, { askedEvenIfSlow: true });
  }

  /** @param skipped those that the pool did not try to store */
  counts(skipped: number): NotStored {
    return { notStored: this.#count + skipped, reason: this.#reason };
  }

  #leased(answer: LeaseAnswer): LeaseAnswer {
    if (answer.state !== 'granted') return answer;
    const { lease } = answer;
    return {
      state: 'granted',
      lease: {
        store: (record) => this.#stored(() => lease.store(record)),
        release: () => lease.release(),
      },
    };
  }

  async #stored<T>(store: () => Promise<T>): Promise<T> {
    try {
      return await store();
    } catch (cause) {
      this.#count++;
      this.#reason = messageOf(cause);
      throw cause;
    }
  }
}
