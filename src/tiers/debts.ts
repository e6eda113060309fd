/**
 * Invalidations that Redis has not heard of, because it was away: they are made up for before
 * anything is read again. Without that, what was invalidated during an outage would be back after it.
 */

import type { Invalidation } from './tier.ts';

/** More keys of a function are all of the function; more functions are everything. */
const MOST_KEYS = 1000;
const MOST_FUNCTIONS = 100;

export class Debts {
  #all = false;
  /** The keys by function id; all of the function where there are none. */
  #functions = new Map<string, Set<string> | undefined>();

  add({ functionId, key }: Invalidation): void {
    if (this.#all) return;
    if (functionId === undefined) return this.#addAll();
    const known = this.#functions.get(functionId);
    if (key === undefined) {
      this.#functions.set(functionId, undefined);
    } else if (known || !this.#functions.has(functionId)) {
      const keys = (known ?? new Set<string>()).add(key);
      this.#functions.set(functionId, keys.size > MOST_KEYS ? undefined : keys);
    }
    if (this.#functions.size > MOST_FUNCTIONS) this.#addAll();
  }

  /** Everything that is owed; what `pay` does not do is owed again. */
  async settle(pay: (invalidation: Invalidation) => Promise<void>): Promise<void> {
    const owed = [...this.#owed()];
    this.#all = false;
    this.#functions = new Map();
    const paid = await Promise.allSettled(owed.map(pay));
    for (const [at, { status }] of paid.entries()) {
      if (status === 'rejected') this.add(owed[at] as Invalidation);
    }
    const failed = paid.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  *#owed(): Generator<Invalidation> {
    if (this.#all) yield {};
    for (const [functionId, keys] of this.#functions) {
      if (!keys) yield { functionId };
      else for (const key of keys) yield { functionId, key };
    }
  }

  #addAll(): void {
    this.#all = true;
    this.#functions = new Map();
  }
}
