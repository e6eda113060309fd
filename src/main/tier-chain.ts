/**
 * All tiers as one: asked from the fastest to the slowest, written behind.
 *
 * Invariant: operations on one key happen in the order in which they were asked for, and a clear
 * happens after everything asked before it and before everything asked after it. So a probe that
 * was under way when its key was invalidated cannot put the old record back into a faster tier
 * afterwards, and a write that was under way cannot outlive the delete that follows it.
 *
 * A tier's failure is a counter and a slow miss, never a failed call.
 */

import type { Portable } from '../protocol.ts';
import type { Tier, TierRecord } from '../tiers/tier.ts';
import { ifLarge, toPortableAgain } from '../values/portable.ts';
import { isPrimitive } from '../values/primitive.ts';

/** Writes under way; more are left out (and counted) rather than hold memory without bound. */
const MAX_WRITES = 1000;

/** A record that a tier had, as it is kept in memory. */
export interface Found {
  readonly value: Portable;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly ms: number;
}

/** Throws for what is no record: a tier's failure like any other. */
function read({ value, expiresAt, ms }: TierRecord): Found {
  const found = toPortableAgain(value);
  // Copied here once, and not for everybody who waits for it.
  const portable = isPrimitive(found) ? found : ifLarge(found);
  return { value: portable, expiresAt: Number(expiresAt), ms: Number(ms) };
}

export class TierStats {
  hits = 0;
  misses = 0;
  writes = 0;
  /** Writes left out because too many were under way. */
  skipped = 0;
  failures = 0;
}

export class TierChain {
  readonly stats: ReadonlyMap<Tier, TierStats>;
  readonly #tiers: readonly Tier[];
  /** The last operation of each key that is under way. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** The last clear that is under way. */
  #barrier: Promise<unknown> | undefined;
  #writes = 0;

  constructor(tiers: readonly Tier[]) {
    this.#tiers = tiers;
    this.stats = new Map(tiers.map((tier) => [tier, new TierStats()]));
  }

  get empty(): boolean {
    return this.#tiers.length === 0;
  }

  /** The first tier's record that there is; the tiers before it receive it too. Never rejects. */
  get(fn: string, key: string): Promise<Found | undefined> {
    return this.#inOrder(key, async () => {
      for (const [depth, tier] of this.#tiers.entries()) {
        const record = await this.#attempt(tier, () => tier.get(fn, key));
        const found = await this.#attempt(tier, async () => record && read(record));
        this.#stats(tier)[found ? 'hits' : 'misses']++;
        if (!found || !record) continue;
        await Promise.all(
          this.#tiers.slice(0, depth).map((each) => this.#write(each, fn, key, record)),
        );
        return found;
      }
      return undefined;
    });
  }

  /** Writes to all tiers, behind. What has to be left out is deleted, so that nothing older stays. */
  set(fn: string, key: string, record: TierRecord): void {
    if (this.empty) return;
    if (this.#writes >= MAX_WRITES) {
      for (const tier of this.#tiers) this.#stats(tier).skipped++;
      void this.delete(fn, key);
      return;
    }
    this.#writes++;
    void this.#inOrder(key, async () => {
      await Promise.all(this.#tiers.map((tier) => this.#write(tier, fn, key, record)));
      this.#writes--;
    });
  }

  /** Settles when every tier has been told; never rejects. */
  async delete(fn: string, key: string): Promise<void> {
    if (this.empty) return;
    await this.#inOrder(key, () => this.#all((tier) => tier.delete(fn, key)));
  }

  /** Settles when every tier has been told; never rejects. Without a function, all is cleared. */
  async clear(fn?: string): Promise<void> {
    if (this.empty) return;
    const before = [this.#barrier, ...this.#tails.values()];
    const cleared = Promise.all(before).then(() => this.#all((tier) => tier.clear(fn)));
    this.#barrier = cleared;
    await cleared;
    if (this.#barrier === cleared) this.#barrier = undefined;
  }

  /** Lets everything that was asked for come to its end, then closes the tiers. */
  async close(): Promise<void> {
    await Promise.all([this.#barrier, ...this.#tails.values()]);
    await this.#all((tier) => tier.close());
  }

  #inOrder<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = Promise.all([this.#tails.get(key), this.#barrier]);
    const done = before.then(run);
    this.#tails.set(key, done);
    return done.finally(() => {
      if (this.#tails.get(key) === done) this.#tails.delete(key);
    });
  }

  async #write(tier: Tier, fn: string, key: string, record: TierRecord): Promise<void> {
    this.#stats(tier).writes++;
    await this.#attempt(tier, () => tier.set(fn, key, record));
  }

  async #all(run: (tier: Tier) => Promise<void>): Promise<void> {
    await Promise.all(this.#tiers.map((tier) => this.#attempt(tier, () => run(tier))));
  }

  async #attempt<T>(tier: Tier, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch {
      this.#stats(tier).failures++;
      return undefined;
    }
  }

  #stats(tier: Tier): TierStats {
    return this.stats.get(tier) as TierStats;
  }
}
