/**
 * Invalidations that have not reached a store, because it was away or has refused them: they are made
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
  /** These are being paid, and owed until they are, though they are not in the fields above. */
  readonly #batch = new Set<Invalidation>();
  #paying: Promise<void> | undefined;

  get isEmpty(): boolean {
    const isPaying = this.#batch.size > 0 || this.#paying;
    return !this.#all && this.#functions.size === 0 && !isPaying;
  }

  /** Invalidations: of keys, of functions, of everything. */
  get size(): number {
    return this.#batch.size + (this.#all ? 1 : 0) + this.#keys + this.#wholeFunctions;
  }

  /** What is owed. */
  *all(): Iterable<Invalidation> {
    yield* this.#batch;
    if (this.#all) yield { of: 'all' };
    for (const [functionId, keys] of this.#functions) {
      if (!keys) yield { of: 'function', functionId };
      else for (const key of keys) yield { of: 'key', functionId, key };
    }
  }

  /** Whether this key is, by itself or with its function. */
  owes(functionId: string, key: string): boolean {
    if (this.isEmpty) return false;
    const wanted: Invalidation = { of: 'key', functionId, key };
    if (this.#all || [...this.#batch].some((what) => covers(what, wanted))) return true;
    const keys = this.#functions.get(functionId);
    return keys ? keys.has(key) : this.#functions.has(functionId);
  }

  /** It was done in another way, as by a record over an old one. What is more than it stays owed. */
  settle(what: Invalidation): void {
    if (this.isEmpty) return;
    for (const each of this.#batch) if (covers(what, each)) this.#batch.delete(each);
    if (what.of === 'all') this.#dropAll();
    else if (what.of === 'function') this.#dropFunction(what.functionId);
    else this.#dropKey(what.functionId, what.key);
  }

  add(what: Invalidation): void {
    if (this.#all) return;
    if (what.of === 'all') return this.#addAll();
    const { functionId } = what;
    const keys = this.#functions.get(functionId);
    if (!keys && this.#functions.has(functionId)) return;
    if (what.of === 'function' || (this.#keys >= MOST_KEYS && !keys?.has(what.key))) {
      this.#addFunction(functionId);
    } else if (keys) {
      this.#keys -= keys.size;
      this.#keys += keys.add(what.key).size;
    } else {
      this.#functions.set(functionId, new Set([what.key]));
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
    for (const each of batch) this.#batch.add(each);
    const paid = await Promise.allSettled(batch.map(pay));
    for (const [at, { status }] of paid.entries()) {
      const each = batch[at] as Invalidation;
      // Unless it was settled meanwhile.
      if (this.#batch.delete(each) && status === 'rejected') this.add(each);
    }
    const failed = paid.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #take(): Invalidation[] {
    const batch: Invalidation[] = this.#all ? [{ of: 'all' }] : [];
    this.#all = false;
    for (const [functionId, keys] of this.#functions) {
      for (const key of keys ?? []) {
        if (batch.length === BATCH) return batch;
        batch.push({ of: 'key', functionId, key });
        this.#dropKey(functionId, key);
      }
      if (keys) continue;
      if (batch.length === BATCH) return batch;
      batch.push({ of: 'function', functionId });
      this.#functions.delete(functionId);
    }
    return batch;
  }

  get #wholeFunctions(): number {
    let count = 0;
    for (const keys of this.#functions.values()) if (!keys) count++;
    return count;
  }

  #addFunction(functionId: string): void {
    this.#dropFunction(functionId);
    this.#functions.set(functionId, undefined);
  }

  #addAll(): void {
    this.#dropAll();
    this.#all = true;
  }

  #dropKey(functionId: string, key: string): void {
    const keys = this.#functions.get(functionId);
    if (!keys?.delete(key)) return;
    this.#keys--;
    if (keys.size === 0) this.#functions.delete(functionId);
  }

  #dropFunction(functionId: string): void {
    this.#keys -= this.#functions.get(functionId)?.size ?? 0;
    this.#functions.delete(functionId);
  }

  #dropAll(): void {
    this.#all = false;
    this.#functions.clear();
    this.#keys = 0;
  }
}

export function covers(more: Invalidation, less: Invalidation): boolean {
  if (more.of === 'all') return true;
  if (less.of === 'all' || more.functionId !== less.functionId) return false;
  return more.of === 'function' || (less.of === 'key' && more.key === less.key);
}
