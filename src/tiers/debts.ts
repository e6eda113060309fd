/**
 * Invalidations that a store has not heard of, because it was away or has refused them: they are made
 * up for before anything is read again. Without that, what was invalidated meanwhile would be back.
 *
 * What they take is bounded: beyond some keys, the next one of a function is all of the function, and
 * beyond some functions it is everything. That costs computations, and is never wrong.
 */

import type { Invalidation } from './tier.ts';

/** Of all functions together. */
const MOST_KEYS = 1000;
const MOST_FUNCTIONS = 100;
/** Paid at once: each has a time limit, and a function may be many commands. */
const BATCH = 32;

type Pay = (invalidation: Invalidation) => Promise<void>;

export class Debts {
  #all = false;
  /** The keys by function id; all of the function where there are none. */
  readonly #functions = new Map<string, Set<string> | undefined>();
  #keys = 0;
  /** These are owed until they are paid, though they are not in the fields above. */
  #paying: Promise<void> | undefined;

  get isEmpty(): boolean {
    return !this.#all && this.#functions.size === 0 && !this.#paying;
  }

  add({ functionId, key }: Invalidation): void {
    if (this.#all) return;
    if (functionId === undefined) return this.#addAll();
    const keys = this.#functions.get(functionId);
    if (!keys && this.#functions.has(functionId)) return;
    if (key === undefined || (this.#keys >= MOST_KEYS && !keys?.has(key))) {
      this.#addFunction(functionId);
    } else if (keys) {
      this.#keys -= keys.size;
      this.#keys += keys.add(key).size;
    } else {
      this.#functions.set(functionId, new Set([key]));
      this.#keys++;
    }
    if (this.#functions.size > MOST_FUNCTIONS) this.#addAll();
  }

  /**
   * Pays a part; what `pay` does not do is owed again. What is added meanwhile is not in it, so who
   * must know that nothing is owed looks at `isEmpty` after it, and acts in the same step.
   */
  pay(pay: Pay): Promise<void> {
    this.#paying ??= this.#payBatch(pay).finally(() => {
      this.#paying = undefined;
    });
    return this.#paying;
  }

  async #payBatch(pay: Pay): Promise<void> {
    const batch = this.#take();
    const paid = await Promise.allSettled(batch.map(pay));
    for (const [at, { status }] of paid.entries()) {
      if (status === 'rejected') this.add(batch[at] as Invalidation);
    }
    const failed = paid.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #take(): Invalidation[] {
    const batch: Invalidation[] = this.#all ? [{}] : [];
    this.#all = false;
    for (const [functionId, keys] of this.#functions) {
      for (const key of keys ?? [undefined]) {
        if (batch.length === BATCH) return batch;
        batch.push(key === undefined ? { functionId } : { functionId, key });
        if (key !== undefined) this.#keys--;
        keys?.delete(key as string);
      }
      this.#functions.delete(functionId);
    }
    return batch;
  }

  #addFunction(functionId: string): void {
    this.#keys -= this.#functions.get(functionId)?.size ?? 0;
    this.#functions.set(functionId, undefined);
  }

  #addAll(): void {
    this.#all = true;
    this.#functions.clear();
    this.#keys = 0;
  }
}
