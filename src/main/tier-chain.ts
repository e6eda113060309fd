/**
 * All tiers as one: asked from the fastest to the slowest, written behind. Whoever asks is answered
 * by the first tier that has it, and does not wait until the faster ones have it, too.
 *
 * Invariant: operations on one key happen in the order in which they were asked for, and a clear
 * happens after everything asked before it and before everything asked after it. So a probe that
 * was under way when its key was invalidated cannot put the old record back into a faster tier
 * afterwards, and a write that was under way cannot outlive the delete that follows it.
 *
 * The slowest tier that can lease does so for all: it is the one that most processes share. Under a
 * lease it is written first, and nothing is kept anywhere when it says that the lease has ended.
 */

import type { Invalidation, LeaseAnswer, Tier, TierLease, TierRecord } from '../tiers/tier.ts';
import { CountedTier, type TierStats } from './counted-tier.ts';
import type { Found } from './found.ts';
import { KeyOrder } from './key-order.ts';

/** Writes under way; more are left out (and counted) rather than hold memory without bound. */
const MAX_WRITES = 1000;

/** What the tiers say of the right to compute. */
export type TierAnswer =
  | Exclude<LeaseAnswer, { readonly state: 'found' }>
  | { readonly state: 'found'; readonly found: Found }
  /** It is not known who computes. */
  | { readonly state: 'failed' };

export class TierChain {
  readonly stats: ReadonlyMap<Tier, TierStats>;
  readonly #tiers: readonly CountedTier[];
  readonly #leasing: CountedTier | undefined;
  readonly #order = new KeyOrder();
  #writes = 0;

  constructor(tiers: readonly Tier[]) {
    this.#tiers = tiers.map((tier) => new CountedTier(tier));
    this.#leasing = this.#tiers.findLast(({ tier }) => tier.lease);
    this.stats = new Map(this.#tiers.map(({ tier, stats }) => [tier, stats]));
  }

  get empty(): boolean {
    return this.#tiers.length === 0;
  }

  /** Whether the right to compute has to be asked for. */
  get leases(): boolean {
    return this.#leasing !== undefined;
  }

  /**
   * The same as `get`, where that can be told at once: the only tier can, and nothing that was asked
   * before is under way.
   */
  getNow(fn: string, key: string): Found | undefined | 'later' {
    const [only, ...others] = this.#tiers;
    if (!only?.tier.getNow || others.length > 0 || this.#order.isBusy(key)) return 'later';
    const record = only.getNow(fn, key);
    return record === 'later' ? record : only.count(record);
  }

  /** What one of the tiers can tell at once, and nothing is asked of the others. Not counted. */
  peek(fn: string, key: string): Found | undefined {
    if (this.#order.isBusy(key)) return undefined;
    for (const tier of this.#tiers) {
      const record = tier.getNow(fn, key);
      if (record && record !== 'later') return tier.read(record);
    }
    return undefined;
  }

  /** The first tier's record that there is; the tiers before it receive it, behind. Never rejects. */
  get(fn: string, key: string): Promise<Found | undefined> {
    return this.#order.run(key, async (behind) => {
      let depth = 0;
      for (const each of this.#tiers) {
        const record = await each.attempt((tier) => tier.get(fn, key));
        const found = each.count(record);
        if (record && found) {
          if (depth > 0) behind(this.#backFill(this.#tiers.slice(0, depth), fn, key, record));
          return found;
        }
        depth++;
      }
      return undefined;
    });
  }

  /**
   * May this process compute it? To be asked when `get` has found nothing, and only if there is a
   * tier that leases. Never rejects.
   */
  lease(fn: string, key: string, refresh: boolean): Promise<TierAnswer> {
    const leasing = this.#leasing as CountedTier;
    const { stats } = leasing;
    return this.#order.run(key, async (behind) => {
      const answer = await leasing.attempt(async (tier) => tier.lease?.(fn, key, refresh));
      if (answer?.state === 'held') stats.waits++;
      if (answer?.state === 'granted') stats.leases++;
      if (answer?.state !== 'found') return answer ?? { state: 'failed' };
      const found = leasing.read(answer.record);
      if (!found) return { state: 'failed' };
      stats.hits++;
      const faster = this.#tiers.slice(0, this.#tiers.indexOf(leasing));
      behind(this.#backFill(faster, fn, key, answer.record));
      return { state: 'found', found };
    });
  }

  /** Ends a lease under which nothing is stored, behind. */
  release(key: string, lease: TierLease): void {
    const leasing = this.#leasing as CountedTier;
    void this.#order.run(key, () => leasing.attempt(() => lease.release()));
  }

  /**
   * Writes to all tiers, behind. Never rejects.
   * @param lease under which it is written, and which ends
   * @param replaces there may be an older record, which is deleted where this one has to be left out
   * @returns false when the lease had ended, so that nobody is to keep the record
   */
  async set(
    fn: string,
    key: string,
    record: TierRecord,
    { lease, replaces = false }: { lease?: TierLease | undefined; replaces?: boolean } = {},
  ): Promise<boolean> {
    if (this.empty) return true;
    if (this.#writes >= MAX_WRITES) {
      for (const { stats } of this.#tiers) stats.skipped++;
      if (lease) this.release(key, lease);
      // Not more often than it must be: every process may hear of it.
      if (replaces) void this.delete(fn, key);
      return true;
    }
    this.#writes++;
    return this.#order.run(key, async () => {
      const kept = lease ? await this.#store(lease, record) : true;
      const others = lease ? this.#tiers.filter((tier) => tier !== this.#leasing) : this.#tiers;
      if (kept) await this.#fill(others, fn, key, record);
      this.#writes--;
      return kept;
    });
  }

  /** Settles when every tier has been told; never rejects. */
  async delete(fn: string, key: string): Promise<void> {
    if (this.empty) return;
    await this.#order.run(key, () => this.#all((tier) => tier.delete(fn, key)));
  }

  /** Settles when every tier has been told; never rejects. Without a function, all is cleared. */
  async clear(fn?: string): Promise<void> {
    if (!this.empty) await this.#clearIn(this.#tiers, fn);
  }

  /** Calls `heard` when another process has invalidated something in one of the tiers. */
  listen(heard: (from: Tier, what: Invalidation) => void): void {
    for (const { tier } of this.#tiers) tier.onInvalidate?.((what) => heard(tier, what));
  }

  /** Tells the other tiers what was heard from one of them. */
  forgetBeside(from: Tier, { functionId, key }: Invalidation): void {
    const others = this.#tiers.filter(({ tier }) => tier !== from);
    if (others.length === 0) return;
    if (functionId === undefined || key === undefined) void this.#clearIn(others, functionId);
    else void this.#order.run(key, () => this.#all((tier) => tier.delete(functionId, key), others));
  }

  /** Lets everything that was asked for come to its end, then closes the tiers. */
  async close(): Promise<void> {
    await this.#order.settled();
    await this.#all((tier) => tier.close());
  }

  #clearIn(tiers: readonly CountedTier[], fn: string | undefined): Promise<void> {
    return this.#order.runAlone(() => this.#all((tier) => tier.clear(fn), tiers));
  }

  /** A tier that fails says nothing about the lease, which others must not wait for. */
  async #store(lease: TierLease, record: TierRecord): Promise<boolean> {
    const leasing = this.#leasing as CountedTier;
    leasing.stats.writes++;
    const stored = await leasing.attempt(() => lease.store(record));
    if (stored === undefined) await leasing.attempt(() => lease.release());
    return stored ?? true;
  }

  /** What has to be left out is deleted: a tier that was not asked may have something older. */
  async #backFill(
    tiers: readonly CountedTier[],
    fn: string,
    key: string,
    record: TierRecord,
  ): Promise<void> {
    if (tiers.length === 0) return;
    if (this.#writes >= MAX_WRITES) {
      for (const { stats } of tiers) stats.skipped++;
      return this.#all((tier) => tier.delete(fn, key), tiers);
    }
    this.#writes++;
    await this.#fill(tiers, fn, key, record);
    this.#writes--;
  }

  async #fill(
    tiers: readonly CountedTier[],
    fn: string,
    key: string,
    record: TierRecord,
  ): Promise<void> {
    await Promise.all(tiers.map((tier) => tier.write(fn, key, record)));
  }

  async #all(run: (tier: Tier) => Promise<void>, tiers = this.#tiers): Promise<void> {
    await Promise.all(tiers.map((tier) => tier.attempt(run)));
  }
}
