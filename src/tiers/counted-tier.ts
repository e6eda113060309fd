/**
 * One tier, as it is asked: what it fails to do is a counter and a slow miss, never a failed call.
 *
 * Invariants: nothing that a tier throws when it is asked, is rejected with, or passes off as a record
 * gets any further than this. Each counts as a failure, and the answer is `undefined`, as for what
 * is not there. And what it did not forget although it was to is not read (`owed.ts`).
 */

import type { Clock } from '../clock.ts';
import { DEPENDENT, isDependency } from '../tags/dependencies.ts';
import { tagOf } from '../tags/tags.ts';
import type { Warnings } from '../text/warnings.ts';
import type { PacedTier } from './decorate.ts';
import { type FoundRecord, peekRecord, readRecord } from './found.ts';
import { Owed } from './owed.ts';
import { isVersion } from './part-versions.ts';
import { keyOfRow, TAG_ROWS, type Tagged, TagRows } from './tag-rows.ts';
import {
  type Invalidation,
  type LeaseAnswer,
  type Marked,
  markedIn,
  type Tier,
  type TierLease,
  type TierRecord,
} from './tier.ts';
import { LateAnswer } from './tier-limit.ts';

/** What the pool asked of a tier, and what came of it. */
export class TierStats {
  hits = 0;
  misses = 0;
  writes = 0;
  /** Writes left out: too many were under way, or the tier is too slow to be asked for the function. */
  skipped = 0;
  failures = 0;
  /** Records that were none, or whose value could not be decoded, and were removed; failures, too. */
  undecodable = 0;
  /** Computations that it has left to this process. */
  leases = 0;
  /** Times that this process had to wait for another one's computation. */
  waits = 0;
  /**
   * Invalidations that it did not take, and that are tried again: keys, or whole functions. What they
   * are of is not read from it.
   */
  owed = 0;
}

export interface ChainParts {
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** Milliseconds that a computation of the function takes; `Infinity` when there was none. */
  readonly msOf: (fn: string) => number;
  /** What it owes has changed. */
  readonly owes?: () => void;
}

export class CountedTier {
  readonly tier: PacedTier;
  readonly stats = new TierStats();
  readonly #clock: Clock;
  readonly #owed: Owed;
  readonly #msOf: (fn: string) => number;
  readonly #tags: TagRows;

  constructor(tier: PacedTier, { clock, warnings, msOf, owes }: ChainParts) {
    this.tier = tier;
    this.#msOf = msOf;
    this.#clock = clock;
    this.#tags = new TagRows(this.#rowStore(), clock);
    this.#owed = new Owed(tier, {
      clock,
      warnings,
      pay: (what) => this.#tell(what),
      changed: (size) => {
        this.stats.owed = size;
        owes?.();
      },
    });
  }

  async attempt<T>(
    run: (tier: Tier) => Promise<T>,
    failed?: (error: unknown) => void,
  ): Promise<T | undefined> {
    try {
      const answer = await run(this.tier);
      if (this.stats.owed > 0) this.#owed.answered();
      return answer;
    } catch (error) {
      this.stats.failures++;
      failed?.(error);
      return undefined;
    }
  }

  /**
   * What it has under this key: a hit or a miss, and counted as that. Where it is `'wrong'`, it is
   * no record, or of no use here, and is to be discarded.
   */
  async find(fn: string, key: string): Promise<FoundRecord | 'wrong' | undefined> {
    const record = await this.#get(fn, key);
    return this.count(isThere(record) ? await this.#ifCurrent(await this.read(record)) : undefined);
  }

  /** The same at once, or later where that takes long: `'later'` when `find` is to be asked. */
  findNow(
    fn: string,
    key: string,
  ): FoundRecord | 'wrong' | 'later' | undefined | Promise<FoundRecord | 'wrong' | undefined> {
    const record = this.#getNow(fn, key);
    if (record === 'later') return record;
    const read = isThere(record) ? this.read(record) : undefined;
    const found =
      read instanceof Promise ? read.then((its) => this.#ifCurrent(its)) : this.#ifCurrentNow(read);
    if (found instanceof Promise) return found.then((its) => this.count(its));
    return this.count(found);
  }

  /** What it can say in a few milliseconds, not counted. */
  peek(fn: string, key: string): FoundRecord | 'wrong' | 'later' | undefined {
    const record = this.#getNow(fn, key);
    if (!isThere(record) || record === 'later') return record ?? undefined;
    const peeked = peekRecord(record, this.tier.givesAway === true);
    if (peeked === 'later') return peeked;
    const found = this.#ifCurrentNow(this.#known(peeked));
    return found instanceof Promise ? 'later' : found;
  }

  /** The record that an answer would be made of, past all counters. @throws what the tier throws */
  async see(fn: string, key: string): Promise<TierRecord | undefined> {
    if (this.#owed.has(fn, key)) return undefined;
    const { tier } = this;
    const record = await (tier.see ? tier.see(fn, key) : tier.get(fn, key));
    const marked = record ? markedIn(record) : [];
    if (marked.length === 0) return record ?? undefined;
    return (await this.#areCurrent(marked)) ? record : undefined;
  }

  /**
   * Where the record is old, it is as if there were none.
   * @param isFirst nothing else was asked before
   */
  async lease(
    fn: string,
    key: string,
    refresh: boolean,
    isFirst = false,
  ): Promise<LeaseAnswer | undefined> {
    if (!this.#isWorthIt(fn)) return isFirst ? this.#look(fn, key) : undefined;
    const isOld = this.#owed.has(fn, key);
    const answer = await this.attempt(async (tier) => tier.lease?.(fn, key, refresh || isOld));
    if (answer?.state === 'held') this.stats.waits++;
    if (answer?.state === 'granted') this.stats.leases++;
    return isOld && answer?.state === 'found' ? undefined : answer;
  }

  /** What an answer to `lease` has found; `undefined` when one of its tags was invalidated since. */
  async readCurrent(record: TierRecord): Promise<FoundRecord | 'wrong' | undefined> {
    return this.#ifCurrent(await this.read(record));
  }

  /**
   * The record with the generations of its tags here; `'forgotten'` when one was invalidated since it was
   * begun, `undefined` when they cannot be had.
   */
  async mark(
    record: TierRecord,
    tagged: Tagged | undefined,
  ): Promise<TierRecord | 'forgotten' | undefined> {
    if (!tagged) return record;
    const isDependent = tagged.marks.some(isDependency);
    const marks = isDependent ? [...tagged.marks, DEPENDENT] : tagged.marks;
    const all = await this.#tags.mark({ ...tagged, marks });
    if (typeof all !== 'object') return all;
    if (!isDependent) return { ...record, tags: all };
    const tags = all.filter(({ name }) => tagOf(name) !== undefined);
    const rows = all.filter(({ name }) => tagOf(name) === undefined);
    const versions = await this.tier.partVersions?.of(marks);
    return { ...record, tags, dependsOn: [...rows, ...(versions ?? [])] };
  }

  /** Whether it may have a record that depends on others: it has none without this row. Never rejects. */
  async mayHaveDependents(): Promise<boolean> {
    let isKnown = true;
    const row = await this.attempt(
      (tier) => tier.get(TAG_ROWS, keyOfRow(DEPENDENT)),
      () => {
        isKnown = false;
      },
    );
    return !isKnown || isThere(row);
  }

  /** Settles when it answers with no record that has this tag, which was invalidated at this date. Never rejects. */
  forgetTag(mark: string, date: number): Promise<void> {
    return this.#tags.forget(mark, date);
  }

  /** @returns `undefined` when it is not known whether it was stored */
  async store(
    fn: string,
    key: string,
    lease: TierLease,
    record: TierRecord,
  ): Promise<boolean | undefined> {
    this.stats.writes++;
    const stored = await this.attempt(() => lease.store(record));
    if (stored) this.#settle({ of: 'key', functionId: fn, key });
    return stored;
  }

  /** @param replaces when it fails, there may be an older record, which is to go */
  async write(fn: string, key: string, record: TierRecord, replaces: boolean): Promise<void> {
    if (!this.#isWorthIt(fn)) {
      this.stats.skipped++;
      return replaces ? this.forget({ of: 'key', functionId: fn, key }) : undefined;
    }
    this.stats.writes++;
    let failure: { readonly error: unknown } | undefined;
    await this.attempt(
      (tier) => tier.set(fn, key, record),
      (error) => {
        failure = { error };
      },
    );
    if (!failure) return this.#settle({ of: 'key', functionId: fn, key });
    const { error } = failure;
    if (error instanceof LateAnswer) this.#owed.addWhenOver(fn, key, error.over);
    else if (replaces) await this.forget({ of: 'key', functionId: fn, key });
  }

  /** What it does not forget is owed. */
  async forget(what: Invalidation): Promise<void> {
    await this.#tell(what).then(
      () => this.#settle(what),
      (error) => this.#owed.add(what, error),
    );
  }

  async close(): Promise<void> {
    await this.#owed.close();
    await this.attempt((tier) => tier.close());
  }

  /** What it has passed off as a record; later where it takes long to look at. */
  read(record: TierRecord): FoundRecord | 'wrong' | Promise<FoundRecord | 'wrong'> {
    const found = readRecord(record, this.tier.givesAway === true, this.#clock);
    if (found instanceof Promise) return found.then((its) => this.#known(its));
    return this.#known(found);
  }

  async #ifCurrent(found: FoundRecord | 'wrong'): Promise<FoundRecord | 'wrong' | undefined> {
    const marked = found === 'wrong' ? [] : markedIn(found.record);
    return marked.length === 0 || (await this.#areCurrent(marked)) ? found : undefined;
  }

  async #areCurrent(marked: readonly Marked[]): Promise<boolean> {
    const { rows, versions } = apart(marked);
    if (!(await this.#tags.areCurrent(rows))) return false;
    return (await this.tier.partVersions?.arePresent(versions)) ?? true;
  }

  #areCurrentNow(marked: readonly Marked[]): boolean | 'later' {
    const { rows, versions } = apart(marked);
    const isCurrent = this.#tags.areCurrentNow(rows);
    if (isCurrent !== true) return isCurrent;
    return this.tier.partVersions?.arePresentNow(versions) ?? true;
  }

  #ifCurrentNow<T extends FoundRecord | 'wrong' | undefined>(
    found: T,
  ): T | undefined | Promise<FoundRecord | 'wrong' | undefined> {
    const marked = found && found !== 'wrong' ? markedIn(found.record) : [];
    if (!found || found === 'wrong' || marked.length === 0) return found;
    const isCurrent = this.#areCurrentNow(marked);
    if (isCurrent === 'later') return this.#ifCurrent(found);
    return isCurrent ? found : undefined;
  }

  #rowStore() {
    const { tier } = this;
    return {
      notifies: tier.onInvalidate !== undefined,
      get: async (key: string) => (await this.#get(TAG_ROWS, key)) ?? undefined,
      getNow: (key: string) => this.#getNow(TAG_ROWS, key) ?? (tier.getNow ? undefined : 'later'),
      set: async (key: string, record: TierRecord) => {
        const isStored = await this.attempt(async () => {
          await tier.set(TAG_ROWS, key, record);
          return true;
        });
        if (isStored) this.#settle({ of: 'key', functionId: TAG_ROWS, key });
        return isStored === true;
      },
      forget: (key: string) => this.forget({ of: 'key', functionId: TAG_ROWS, key }),
    } as const;
  }

  /** What is `'wrong'` goes. */
  async discard(fn: string, key: string): Promise<void> {
    await this.attempt((tier) => tier.discard?.(fn, key) ?? tier.delete(fn, key));
  }

  async #get(fn: string, key: string): Promise<TierRecord | undefined> {
    if (this.#owed.has(fn, key)) return undefined;
    if (!this.#isWorthIt(fn)) return this.#look(fn, key);
    return this.attempt((tier) => tier.get(fn, key));
  }

  #getNow(fn: string, key: string): TierRecord | undefined | 'later' {
    try {
      return this.#owed.has(fn, key) ? undefined : this.tier.getNow?.(fn, key);
    } catch {
      this.stats.failures++;
      return undefined;
    }
  }

  /** A hit or a miss. */
  count<T extends FoundRecord | 'wrong' | undefined>(found: T): T {
    this.stats[found && found !== 'wrong' ? 'hits' : 'misses']++;
    return found;
  }

  #settle(what: Invalidation): void {
    if (this.stats.owed > 0) this.#owed.settle(what);
  }

  #known(found: FoundRecord | 'none'): FoundRecord | 'wrong' {
    if (found !== 'none') return found;
    this.stats.failures++;
    this.stats.undecodable++;
    return 'wrong';
  }

  #isWorthIt(fn: string): boolean {
    return this.tier.pace === undefined || this.tier.pace.isWorthIt(this.#msOf(fn));
  }

  /** Whether it is faster by now, without a call that waits for it. */
  #look(fn: string, key: string): undefined {
    if (this.tier.pace?.takeProbe()) void this.attempt((tier) => tier.get(fn, key));
    return undefined;
  }

  async #tell(what: Invalidation): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    await this.attempt(
      (tier) => forgetIn(tier, what),
      (error) => {
        failure = { error };
      },
    );
    if (failure) throw failure.error;
  }
}

function forgetIn(tier: Tier, what: Invalidation): Promise<void> {
  switch (what.of) {
    case 'key':
      return tier.delete(what.functionId, what.key);
    case 'function':
      return tier.clear(what.functionId);
    case 'all':
      return tier.clear();
  }
}

/** Tiers of users say `null` for what is not there, too. */
function isThere<T>(record: T | undefined | null): record is T {
  return record !== undefined && record !== null;
}

function apart(marked: readonly Marked[]) {
  const versions = marked.filter(isVersion);
  const rows = versions.length === 0 ? marked : marked.filter((each) => !isVersion(each));
  return { rows, versions };
}
