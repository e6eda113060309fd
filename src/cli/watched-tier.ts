/**
 * A tier that remembers what it did not store, and why. The pool counts what fails in a tier and goes
 * on; but who starts a command with a cache relies on finding the results there.
 */

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
    const { lease, getNow, onInvalidate, persistent, directory } = tier;
    this.tier = {
      name: tier.name,
      ...(persistent !== undefined && { persistent }),
      ...(directory !== undefined && { directory }),
      ...(getNow && { getNow: (...what) => getNow.apply(tier, what) }),
      ...(onInvalidate && { onInvalidate: (heard) => onInvalidate.call(tier, heard) }),
      ...(lease && { lease: async (...what) => this.#leased(await lease.apply(tier, what)) }),
      get: (...what) => tier.get(...what),
      set: (...what) => this.#stored(() => tier.set(...what)),
      delete: (...what) => tier.delete(...what),
      clear: (...what) => tier.clear(...what),
      close: () => tier.close(),
    };
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
