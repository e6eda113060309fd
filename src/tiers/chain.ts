/**
 * All tiers as one: asked from the fastest to the slowest, written in the background. A probe is answered
 * by the first tier that has it, and does not wait until the faster ones have it, too.
 *
 * Invariant: operations on one key happen in the order in which they were asked for, and a clear, of a
 * function or of all, happens after everything asked before it and before everything asked after it, of
 * that function or of all. What takes a record away or replaces it stands within a fence, so that no
 * thread that reads the fastest tier by itself finds it afterwards (`order/fences.ts`). So a probe that
 * was under way when its key was invalidated cannot put the old record back into a faster tier
 * afterwards, and a write that was under way cannot outlive the delete that follows it.
 *
 * The slowest tier that can lease does so for all: it is the one that most processes share. Under a
 * lease it is written first, and nothing is kept anywhere when it says that the lease has ended.
 */

import { type Clock, systemClock } from '../clock.ts';
import { Fences } from '../order/fences.ts';
import type { ReadableTier } from '../protocol.ts';
import { Warnings } from '../text/warnings.ts';
import { type ChainParts, CountedTier, type TierStats } from './counted-tier.ts';
import type { FoundRecord } from './found.ts';
import { KeyOrder } from './key-order.ts';
import { endOfName, type RecordSight, sightOf, versionsIn } from './sight.ts';
import { TagFences, type Underway } from './tag-fences.ts';
import { keyOfRow, TAG_ROWS, type Tagged } from './tag-rows.ts';
import {
  allOf,
  type Invalidation,
  type LeaseAnswer,
  marksIn,
  type Tier,
  type TierLease,
  type TierRecord,
} from './tier.ts';

/** Writes under way; more are left out (and counted) rather than hold memory without bound. */
const MAX_WRITES = 1000;

/** Milliseconds in which threads that are opening a tier have done so. */
const OPENING_MS = 1000;

/** What the tiers say of the right to compute. */
export type TierAnswer =
  | Exclude<LeaseAnswer, { readonly state: 'found' }>
  | { readonly state: 'found'; readonly found: FoundRecord }
  /** It is not known who computes. */
  | { readonly state: 'failed' };

/** How a record is written. */
interface Writing {
  readonly lease?: TierLease | undefined;
  readonly replaces?: boolean;
  readonly tagged?: Tagged | undefined;
  /** When it was handed over. */
  readonly begun: Underway;
}

const NOTHING: Promise<undefined> = Promise.resolve(undefined);

export class TierChain {
  readonly stats: ReadonlyMap<Tier, TierStats>;
  readonly empty: boolean;
  /** Whether the right to compute has to be asked for. */
  readonly leases: boolean;
  readonly #tiers: readonly CountedTier[];
  readonly #leasing: CountedTier | undefined;
  readonly #order = new KeyOrder();
  readonly #clock: Clock;
  readonly #tags = new TagFences();
  /** Of the tiers, for threads that read the fastest by themselves. */
  readonly #fences = new Fences();
  #endOwed: (() => void) | undefined;
  #writes = 0;

  constructor(tiers: readonly Tier[], parts: Partial<ChainParts> = {}) {
    const { clock = systemClock, msOf = () => Number.POSITIVE_INFINITY } = parts;
    const { warnings = new Warnings(clock) } = parts;
    this.#clock = clock;
    const owes = () => this.#owedChanged();
    this.#tiers = tiers.map((tier) => new CountedTier(tier, { clock, warnings, msOf, owes }));
    this.#leasing = this.#tiers.findLast(({ tier }) => tier.lease);
    this.empty = tiers.length === 0;
    this.leases = this.#leasing !== undefined;
    this.stats = new Map(this.#tiers.map(({ tier, stats }) => [tier, stats]));
  }

  /** Whether each can be used now, fastest first. */
  *upOrNot(): Iterable<{ readonly name: string; readonly up: boolean; readonly failures: number }> {
    for (const { tier, stats } of this.#tiers)
      yield { name: tier.name, up: tier.isUp?.() ?? true, failures: stats.failures };
  }

  /**
   * The same as `get`, where that can be answered at once: the only tier can, and nothing that was asked
   * before is under way. A promise where the record takes long to look at.
   */
  getNow(
    fn: string,
    key: string,
  ): FoundRecord | undefined | 'later' | Promise<FoundRecord | undefined> {
    const [only, ...others] = this.#tiers;
    if (!only?.tier.getNow || others.length > 0 || this.#order.isBusy(fn, key)) return 'later';
    const answer = only.findNow(fn, key);
    if (answer instanceof Promise) {
      return this.#order.run(fn, key, async (background) => {
        const found = await answer;
        if (found !== 'wrong') return this.#unlessForgetting(found);
        background(only.discard(fn, key));
        return undefined;
      });
    }
    const found = this.#unlessWrong(only, fn, key, answer);
    return found === 'later' ? found : this.#unlessForgetting(found);
  }

  /** How threads may read the fastest tier by themselves, where that can be. */
  get readable(): ReadableTier | undefined {
    const reading = this.#tiers[0]?.tier.reading;
    return reading && { ...reading, fences: this.#fences.memory };
  }

  /** What that calls a function. */
  readableAs(fn: string): string | Promise<string> {
    return this.#tiers[0]?.tier.readAs?.(fn) ?? fn;
  }

  /** A thread has read a record there so many times. */
  used(fn: string, key: string, times: number): void {
    this.#tiers[0]?.tier.used?.(fn, key, times);
  }

  /** Whether what a thread has read under this generation was not forgotten since. */
  isStill(fn: string, generation: number): boolean {
    return this.#fences.isStill(fn, generation);
  }

  /** What one of the tiers can tell at once, and nothing is asked of the others. Not counted. */
  peek(fn: string, key: string): FoundRecord | undefined {
    if (this.#order.isBusy(fn, key)) return undefined;
    for (const tier of this.#tiers) {
      const found = this.#unlessWrong(tier, fn, key, tier.peek(fn, key));
      if (found && found !== 'later') return this.#unlessForgetting(found);
    }
    return undefined;
  }

  /**
   * What each tier has, by its name, fastest first. Counts as nothing. Never rejects.
   * @param date now, in milliseconds since 1970
   */
  async sight(
    fn: string,
    key: string,
    date: number,
  ): Promise<Readonly<Record<string, RecordSight>>> {
    // After what is being written.
    const all = this.#order.run(fn, key, () =>
      Promise.all(
        this.#tiers.map(
          async (each) => [each.tier.name, await sightOf(() => each.see(fn, key), date)] as const,
        ),
      ),
    );
    return Object.fromEntries(await all);
  }

  /**
   * Whether a tier has a record of these arguments that other code of the function has made.
   * @param argsKey without the function's id
   */
  async hasOfOtherCode(fn: string, argsKey: string, date: number): Promise<boolean> {
    const name = fn.slice(0, endOfName(fn));
    for (const each of this.#tiers) {
      for (const id of await versionsIn(each.tier, name)) {
        const { has } = await sightOf(() => each.see(id, `${id}(${argsKey})`), date);
        if (has && id !== fn) return true;
      }
    }
    return false;
  }

  /**
   * The first tier's record that there is; the tiers before it receive it in the background. While a clear is
   * under way there is none, and that is not waited for. Never rejects.
   */
  get(fn: string, key: string): Promise<FoundRecord | undefined> {
    if (this.#order.isBarred(fn)) return NOTHING;
    const begun = this.#tags.begin(this.#clock.date());
    return this.#order.run(fn, key, async (background) => {
      const wrong: CountedTier[] = [];
      for (const [depth, each] of this.#tiers.entries()) {
        const found = await each.find(fn, key);
        if (found === 'wrong') wrong.push(each);
        else if (found && !this.#tags.isForgetting(found.record)) {
          // What is wrong in a faster one is written over.
          if (depth === 0) this.#tags.end(begun);
          else
            background(this.#backFill(this.#tiers.slice(0, depth), fn, key, found.record, begun));
          return found;
        }
      }
      this.#tags.end(begun);
      if (wrong.length > 0) background(all(wrong.map((tier) => tier.discard(fn, key))));
      return undefined;
    });
  }

  /** Whether `lease` says in one step what `get` would, and who may compute otherwise. */
  get leaseFinds(): boolean {
    return this.#tiers.length === 1 && this.#tiers[0]?.tier.leaseFinds === true;
  }

  /**
   * May this process compute it? To be asked only if there is a tier that leases, and when `get` has found
   * nothing, or in its place (`isFirst`) where `leaseFinds`. Never rejects.
   */
  lease(fn: string, key: string, refresh: boolean, isFirst = false): Promise<TierAnswer> {
    const leasing = this.#leasing as CountedTier;
    const begun = this.#tags.begin(this.#clock.date());
    const readIn = async (answer: LeaseAnswer | undefined) => {
      const found = answer?.state === 'found' && (await leasing.readCurrent(answer.record));
      return found && found !== 'wrong' ? this.#unlessForgetting(found) : found || undefined;
    };
    return this.#order.run(fn, key, async (background) => {
      let answer = await leasing.lease(fn, key, refresh, isFirst);
      let found = await readIn(answer);
      if (isFirst) leasing.count(found);
      if (answer?.state === 'found' && (!found || (isFirst && found === 'wrong'))) {
        if (found) await leasing.discard(fn, key);
        answer = await leasing.lease(fn, key, true);
        found = await readIn(answer);
      }
      if (!found || found === 'wrong') this.#tags.end(begun);
      if (answer?.state !== 'found') return answer ?? { state: 'failed' };
      if (!found) return { state: 'failed' };
      if (found === 'wrong') {
        background(leasing.discard(fn, key));
        return { state: 'failed' };
      }
      if (!isFirst) leasing.stats.hits++;
      const faster = this.#tiers.slice(0, this.#tiers.indexOf(leasing));
      background(this.#backFill(faster, fn, key, found.record, begun));
      return { state: 'found', found };
    });
  }

  /**
   * What the tier that leases has, whatever the faster ones have: under a lease it is the newest that there
   * is. Never rejects.
   */
  leasedRecord(fn: string, key: string): Promise<FoundRecord | undefined> {
    const leasing = this.#leasing as CountedTier;
    const begun = this.#tags.begin(this.#clock.date());
    return this.#order.run(fn, key, async (background) => {
      const found = await leasing.find(fn, key);
      if (found === 'wrong') background(leasing.discard(fn, key));
      if (!found || found === 'wrong' || this.#tags.isForgetting(found.record)) {
        this.#tags.end(begun);
        return undefined;
      }
      const faster = this.#tiers.slice(0, this.#tiers.indexOf(leasing));
      background(this.#backFill(faster, fn, key, found.record, begun));
      return found;
    });
  }

  /** Ends a lease under which nothing is stored, in the background. */
  release(fn: string, key: string, lease: TierLease): void {
    const leasing = this.#leasing as CountedTier;
    void this.#order.run(fn, key, () => leasing.attempt(() => lease.release()));
  }

  /**
   * Writes to all tiers, in the background. Never rejects.
   * @param lease under which it is written, and which ends
   * @param replaces there may be an older record, which is deleted where this one has to be left out
   * @param tagged the tags that it is to have
   * @returns false when the lease had ended, or a tier has learned that one of the tags was invalidated since
   * the record was begun, so that it is to be kept nowhere
   */
  async set(
    fn: string,
    key: string,
    record: TierRecord,
    { lease, replaces = false, tagged }: Partial<Writing> = {},
  ): Promise<boolean> {
    if (this.empty) return true;
    if (this.#writes >= MAX_WRITES) {
      for (const { stats } of this.#tiers) stats.skipped++;
      if (lease) this.release(fn, key, lease);
      // Not more often than it must be: every process may be notified of it.
      if (replaces) void this.delete(fn, key);
      return true;
    }
    this.#writes++;
    const endFence = replaces ? this.#fences.begin(fn) : undefined;
    const begun = this.#tags.begin(this.#clock.date());
    return this.#order.run(fn, key, async () => {
      const kept = lease
        ? await this.#store(fn, key, lease, record, { replaces, tagged, begun })
        : true;
      const others = lease ? this.#tiers.filter((tier) => tier !== this.#leasing) : this.#tiers;
      const writing = { replaces, tagged, begun };
      const written = kept
        ? await Promise.all(others.map((tier) => this.#write(tier, fn, key, record, writing)))
        : [];
      this.#writes--;
      this.#tags.end(begun);
      endFence?.();
      return kept && written.every(Boolean);
    });
  }

  /**
   * Writes a record again that is to end later: under the lease of the tier that leases, unless another process
   * computes it. Never rejects.
   * @param renewed the record to write, asked at the moment of writing; `undefined` for none
   * @returns false when a tag of it was invalidated meanwhile: it is to be kept nowhere
   */
  async renew(
    fn: string,
    key: string,
    renewed: (record: TierRecord) => TierRecord | undefined,
  ): Promise<boolean> {
    const since = this.#clock.date();
    const answer = this.#leasing && (await this.lease(fn, key, true));
    if (answer?.state === 'held') answer.leave();
    if (answer && answer.state !== 'granted') return true;
    const lease = answer?.lease;
    const found = await (lease ? this.leasedRecord(fn, key) : this.get(fn, key));
    const record = found && renewed(found.record);
    if (!record) {
      if (lease) this.release(fn, key, lease);
      return true;
    }
    const marks = marksIn(record);
    const tagged = marks.length > 0 ? { marks, since } : undefined;
    return this.set(fn, key, record, { lease, tagged });
  }

  /** Settles when every tier has answered; never rejects. */
  async delete(fn: string, key: string): Promise<void> {
    if (this.empty) return;
    await this.#forget(this.#tiers, { of: 'key', functionId: fn, key });
  }

  /** Settles when every tier has answered; never rejects. Without a function, all is cleared. */
  async clear(fn?: string): Promise<void> {
    if (!this.empty) await this.#forget(this.#tiers, allOf(fn));
  }

  /**
   * No tier answers with a record that has one of these tags, once this has settled; but for the tier from
   * which that was heard. Never rejects. What is under way on keys is not waited for: see `tag-fences.ts`.
   */
  async forgetTags(marks: readonly string[], from?: Tier): Promise<void> {
    const tiers = this.#tiers.filter(({ tier }) => tier !== from);
    const since = this.#clock.date();
    const forget = (mark: string) => all(tiers.map((tier) => tier.forgetTag(mark, since)));
    // Not before what was cleared earlier, and before the tiers are closed.
    await this.#tags.forget(marks, () =>
      all(marks.map((mark) => this.#order.run(TAG_ROWS, keyOfRow(mark), () => forget(mark)))),
    );
  }

  /** Whether one of them may have a record that depends on others, whichever process has stored it. Never rejects. */
  async mayHaveDependents(): Promise<boolean> {
    const answers = await Promise.all(this.#tiers.map((tier) => tier.mayHaveDependents()));
    return answers.some(Boolean);
  }

  /** Calls `heard` when another process has invalidated something in one of the tiers. */
  listen(heard: (from: Tier, what: Invalidation) => void): void {
    for (const each of this.#tiers) {
      void each.attempt(async (tier) => tier.onInvalidate?.((what) => heard(tier, what)));
    }
  }

  /** Passes an invalidation from one of the tiers on to the others. */
  forgetBeside(from: Tier, what: Invalidation): void {
    const others = this.#tiers.filter(({ tier }) => tier !== from);
    if (what.of === 'function' && what.functionId === TAG_ROWS) this.#tags.forgetAll();
    if (others.length > 0) void this.#forget(others, what);
  }

  /** Lets everything that was asked for come to its end, then closes the tiers. */
  async close(): Promise<void> {
    await this.#order.settled();
    for (let waits = 0; this.#fences.close() > 0 && waits < OPENING_MS; waits++)
      await new Promise<void>((resolve) => this.#clock.after(1, resolve));
    await Promise.all(this.#tiers.map((tier) => tier.close()));
  }

  async #forget(tiers: readonly CountedTier[], what: Invalidation): Promise<void> {
    const endFence = this.#fences.begin(what.of === 'all' ? undefined : what.functionId);
    await this.#inTurn(what, () => all(tiers.map((tier) => tier.forget(what))));
    endFence();
  }

  /** What was not forgotten although it was to is read by no thread. */
  #owedChanged(): void {
    const isOwed = this.#tiers.some(({ stats }) => stats.owed > 0);
    if (isOwed) this.#endOwed ??= this.#fences.begin(undefined);
    else this.#endOwed?.();
    if (!isOwed) this.#endOwed = undefined;
  }

  #inTurn(what: Invalidation, run: () => Promise<void>): Promise<void> {
    switch (what.of) {
      case 'key':
        return this.#order.run(what.functionId, what.key, run);
      case 'function':
        return this.#order.runAlone(what.functionId, run);
      case 'all':
        return this.#order.runAlone(undefined, run);
    }
  }

  /** A tier that fails says nothing about the lease, which others must not wait for. */
  async #store(
    fn: string,
    key: string,
    lease: TierLease,
    record: TierRecord,
    writing: Writing,
  ): Promise<boolean> {
    const { replaces = false } = writing;
    const leasing = this.#leasing as CountedTier;
    const marked = await this.#marked(leasing, record, writing);
    const isThere = typeof marked === 'object';
    const stored = isThere ? await leasing.store(fn, key, lease, marked) : undefined;
    if (stored === undefined) await leasing.attempt(() => lease.release());
    if (stored === undefined && replaces) await leasing.forget({ of: 'key', functionId: fn, key });
    return stored ?? marked !== 'forgotten';
  }

  /** False when one of the tags was invalidated since the record was begun: it must not be stored anywhere. */
  async #write(
    tier: CountedTier,
    fn: string,
    key: string,
    record: TierRecord,
    writing: Writing,
  ): Promise<boolean> {
    const { replaces = false } = writing;
    const marked = await this.#marked(tier, record, writing);
    if (typeof marked === 'object') await tier.write(fn, key, marked, replaces);
    else if (replaces) await tier.forget({ of: 'key', functionId: fn, key });
    return marked !== 'forgotten';
  }

  /** Its tags are invalidated before they are looked up, or after the record was stored under what was. */
  async #marked(tier: CountedTier, record: TierRecord, { tagged, begun }: Writing) {
    const marked = await tier.mark(record, tagged);
    const isForgotten = tagged && this.#tags.isForgotten(tagged.marks, begun);
    return isForgotten ? 'forgotten' : marked;
  }

  #unlessForgetting(found: FoundRecord | undefined): FoundRecord | undefined {
    return found && this.#tags.isForgetting(found.record) ? undefined : found;
  }

  /** What a tier has answered at once, and is discarded if it is no record. */
  #unlessWrong<T>(tier: CountedTier, fn: string, key: string, found: T | 'wrong'): T | undefined {
    if (found !== 'wrong') return found;
    void this.#order.run(fn, key, () => tier.discard(fn, key));
    return undefined;
  }

  /** What has to be left out is deleted: a tier that was not asked may have something older. */
  async #backFill(
    tiers: readonly CountedTier[],
    fn: string,
    key: string,
    record: TierRecord,
    begun: Underway,
  ): Promise<void> {
    if (tiers.length === 0) return this.#tags.end(begun);
    if (this.#writes >= MAX_WRITES) {
      for (const { stats } of tiers) stats.skipped++;
      await Promise.all(tiers.map((tier) => tier.forget({ of: 'key', functionId: fn, key })));
      return this.#tags.end(begun);
    }
    this.#writes++;
    const marks = marksIn(record);
    const tagged = marks.length > 0 ? { marks, since: begun.date } : undefined;
    await Promise.all(tiers.map((tier) => this.#write(tier, fn, key, record, { tagged, begun })));
    this.#writes--;
    this.#tags.end(begun);
  }
}

async function all(works: readonly Promise<void>[]): Promise<void> {
  await Promise.all(works);
}
