/**
 * Memory and the tiers as one: what is found there, what is kept in both or in neither, and what an
 * invalidation takes out of them.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { Computed, Encoded } from '../protocol.ts';
import type { RecordsRead } from '../read/record-reads.ts';
import { ensureHeadroom } from '../runtime/headroom.ts';
import { ANYTHING, marksInTiers } from '../tags/dependencies.ts';
import type { TierChain } from '../tiers/chain.ts';
import type { FoundRecord } from '../tiers/found.ts';
import {
  type Invalidation,
  marksIn,
  type Tier,
  type TierLease,
  type TierRecord,
} from '../tiers/tier.ts';
import { toEncoded } from '../values/portable.ts';
import { CachedErrors, type ErrorSight } from './cached-errors.ts';
import { type Keepable, windowOf } from './entry-terms.ts';
import type { Failure, Flight, Lease } from './flight.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Entry, Memory } from './memory.ts';
import type { Part, Tracking } from './parts.ts';
import { Renewals } from './renewals.ts';
import { isOlder } from './stale-answers.ts';

export interface CacheParts {
  readonly clock: Clock;
  readonly memory: Memory;
  readonly tiers: TierChain;
  /** From 0 to less than 1. */
  readonly random?: () => number;
  readonly tracking?: Tracking;
}

export class Cache {
  readonly #clock: Clock;
  readonly #memory: Memory;
  readonly #tiers: TierChain;
  readonly #random: () => number;
  readonly #errors: CachedErrors;
  readonly #renewals: Renewals;
  readonly #tracking: Tracking | undefined;

  constructor({ clock, memory, tiers, random = Math.random, tracking }: CacheParts) {
    this.#tracking = tracking;
    this.#clock = clock;
    this.#memory = memory;
    this.#tiers = tiers;
    this.#random = random;
    this.#errors = new CachedErrors(clock);
    this.#renewals = new Renewals({ clock, memory, tiers });
  }

  /**
   * What was computed under this lease. What a tier has granted for it ends.
   * @returns milliseconds for which it is fresh
   */
  keep({ flight, id, grantedAt, isExpired }: Lease, computed: Computed): number {
    const { value, ms, details } = computed;
    const lease = flight.takeGrant();
    const { fn, key, fullKey } = flight;
    if (computed.ttl <= 0) this.#leaveOut(flight, ms, lease);
    if (computed.ttl <= 0) return 0;
    // Once for memory and the tiers.
    const ttl = isExpired ? 0 : this.#shortened(fn, computed.ttl);
    const isRenewed = !isExpired && this.#isRenewed(fn, ttl);
    const usedAt = this.#usedAt(flight);
    this.#remember(fn, key, { value, ms, ttl, details, usedAt, isRenewed }, id);
    if (this.#tiers.empty) return ttl;
    // What depends on anything would be ended by no process but this one.
    const isForHere = details?.tags?.includes(ANYTHING) ?? false;
    const unusedFor = usedAt === undefined ? 0 : this.#clock.now() - usedAt;
    const { tti = Number.POSITIVE_INFINITY } = fn.info.freshness ?? {};
    if (isExpired || isForHere || unusedFor >= tti) {
      if (lease) this.#tiers.release(fn.info.id, fullKey, lease);
      if (isForHere && flight.refreshes) void this.#tiers.delete(fn.info.id, fullKey);
      return ttl;
    }
    const computedAt = this.#clock.date();
    const record = recordOf(fn, { value, ms, ttl, details }, computedAt, unusedFor);
    const { refreshes: replaces } = flight;
    const tagged = details?.tags && { marks: details.tags, since: grantedAt };
    const written = this.#tiers.set(fn.info.id, fullKey, record, { lease, replaces, tagged });
    void written.then((isKept) => {
      if (!isKept) this.#memory.deleteIf(fn, key, id);
    });
    return ttl;
  }

  /**
   * Keeps a value that was not computed, in the place of what there is, in other processes too. It counts
   * for as much as computing one takes. Settles when the tiers have it.
   * @param id of the entry
   * @returns `undefined` if it is not to be kept; what there was is forgotten all the same
   */
  put(fn: FunctionRecord, key: string, given: Computed, id: number): Promise<void> | undefined {
    const forgotten = this.forget(fn, key);
    if (given.ttl <= 0) return undefined;
    const { details } = given;
    const ms = Number.isFinite(fn.averageMs) ? fn.averageMs : 0;
    const ttl = this.#shortened(fn, given.ttl);
    const isRenewed = this.#isRenewed(fn, ttl);
    this.#remember(fn, key, { ...given, ms, ttl, isRenewed }, id);
    if (this.#tiers.empty) return forgotten;
    const computedAt = this.#clock.date();
    const record = recordOf(fn, { ...given, ms, ttl }, computedAt);
    const tagged = details?.tags && { marks: details.tags, since: computedAt };
    const written = this.#tiers.set(fn.info.id, keyOf(fn.info.id, key), record, { tagged });
    return Promise.all([forgotten, written]).then(() => {});
  }

  /** What memory has and may answer at once: a hit, and a use. */
  hit(fn: FunctionRecord, key: string, maxAge?: number): Entry | undefined {
    const entry = this.#memory.get(fn, key);
    if (!entry) return undefined;
    const now = this.#clock.now();
    const isStale = now >= entry.freshUntil;
    if (isStale && !isAnswered(fn, entry, now)) return undefined;
    if (isOlder(this.#dated(fn, entry), maxAge, now)) return undefined;
    this.noteUse(fn, key);
    if (isStale) fn.counters.staleMemoryHits++;
    fn.counters.memoryHits++;
    fn.counters.computeMsSaved += entry.ms;
    return entry;
  }

  /** What memory has is used, which only a thread that reads it by itself notes otherwise. */
  noteUse(fn: FunctionRecord, key: string): void {
    if (fn.info.freshness?.tti !== undefined && this.#memory.noteUse(fn, key)) this.renew(fn, key);
  }

  /** What memory has is used: tiers are to keep it as long as that goes on, see `renewals.ts`. */
  renew(fn: FunctionRecord, key: string): void {
    void this.#renewals.renew(fn, key);
  }

  /** For what replaces it: a refresh is no use. */
  #usedAt(flight: Flight): number | undefined {
    const { fn, key } = flight;
    if (fn.info.freshness?.tti === undefined || !flight.isRefresh || flight.isCalled)
      return undefined;
    return this.#memory.lastUse(fn, key);
  }

  /** Whether a record ends sooner because of `tti`. */
  #isRenewed({ info: { freshness } }: FunctionRecord, ttl: number): boolean {
    const { tti = Number.POSITIVE_INFINITY } = freshness ?? {};
    return !this.#tiers.empty && tti < ttl + windowOf(freshness);
  }

  /** What was thrown for the key lately. Counts as a hit of an error. */
  errorHit(fn: FunctionRecord, key: string, maxAge?: number): Failure | undefined {
    const hit = this.#errors.size > 0 ? this.#errors.hit(fn, key, maxAge) : undefined;
    const part = hit && this.#errorPart(fn, key, hit.until);
    return hit && { state: 'failure', error: hit.error, ...(part && { part }) };
  }

  /** The same, to explain it: counts as nothing. */
  seeError(fn: FunctionRecord, key: string): ErrorSight | undefined {
    return this.#errors.sight(fn, key);
  }

  /**
   * Keeps what was thrown for so many milliseconds, unless there is a value that may be answered.
   * @returns for computations that track what they use
   */
  keepError({ fn, key, stale }: Flight, error: Encoded, ms: number): Part | undefined {
    if (stale || this.held(fn, key)) return undefined;
    this.#errors.keep(fn, key, error, ms);
    return this.#errorPart(fn, key, this.#clock.now() + ms);
  }

  /** Which tags its value would have had is not known. */
  #errorPart(fn: FunctionRecord, key: string, freshUntil: number): Part | undefined {
    if (!this.#tracking?.isUsed || fn.info.isTagged) return undefined;
    return { fn, key, marks: [], freshUntil };
  }

  /** What memory has that is fresh, with what computations note that track what they use. */
  freshHit(fn: FunctionRecord, key: string, maxAge?: number): Entry | undefined {
    const held = this.held(fn, key);
    if (!held || this.#clock.now() >= held.freshUntil) return undefined;
    const entry = this.hit(fn, key, maxAge);
    return entry && { ...entry, part: held.part };
  }

  /** Nothing has it, and it is to be computed. */
  missed({ fn, key, refreshes }: Flight): void {
    fn.counters.misses++;
    this.#memory.missed(fn, key, refreshes);
  }

  /** What memory has, however old, until it is dead. Changes nothing, and counts as nothing. */
  held(fn: FunctionRecord, key: string): Entry | undefined {
    const entry = this.#memory.peek(fn, key);
    return entry && this.#described(fn, key, this.#dated(fn, entry));
  }

  #described(fn: FunctionRecord, key: string, entry: Entry, its?: readonly string[]): Entry {
    if (!this.#tracking?.isUsed) return entry;
    const marks = its ?? this.#memory.marksOf(fn, key);
    return { ...entry, part: { fn, key, marks, freshUntil: entry.freshUntil } };
  }

  /** Where only the end of an entry is known, and all of its function's are fresh for equally long. */
  #dated({ info: { ttl } }: FunctionRecord, entry: Entry): Entry {
    if (entry.madeAt !== undefined || ttl === undefined) return entry;
    return { ...entry, madeAt: entry.freshUntil - ttl };
  }

  get isMemoryOnly(): boolean {
    return this.#tiers.empty;
  }

  askNotBefore(fn: FunctionRecord, key: string, time: number): void {
    this.#memory.askNotBefore(fn, key, time);
  }

  /**
   * What memory has, or a tier can answer at once. Changes nothing, and counts as nothing.
   * @param newId a number for what a tier has
   */
  peek(fn: FunctionRecord, key: string, newId: () => number): Entry | undefined {
    const entry = this.held(fn, key);
    const now = this.#clock.now();
    if (entry && (now < entry.freshUntil || isAnswered(fn, entry, now))) return entry;
    if (this.#tiers.empty) return undefined;
    // The caller's stack may be nearly full, and a tier looks with steps of its own.
    ensureHeadroom();
    const { id } = fn.info;
    const found = this.#tiers.peek(id, keyOf(id, key));
    const met = found && this.#entryOf(fn, found, newId);
    const kept = met && this.#described(fn, key, met, marksIn(found.record));
    return kept && (now < kept.freshUntil || isAnswered(fn, kept, now)) ? kept : undefined;
  }

  /** What the tiers have; without a promise where they can answer at once. */
  probe({ fn, fullKey }: Flight): FoundRecord | undefined | Promise<FoundRecord | undefined> {
    const found = this.#tiers.getNow(fn.info.id, fullKey);
    return found === 'later' ? this.#tiers.get(fn.info.id, fullKey) : found;
  }

  /** What the tiers can answer at once. */
  probeNow({ fn, fullKey }: Flight): FoundRecord | undefined {
    if (this.#tiers.empty) return undefined;
    const found = this.#tiers.getNow(fn.info.id, fullKey);
    return found === 'later' || found instanceof Promise ? undefined : found;
  }

  /**
   * A thread has read records in a tier by itself, and those that it has read more than once go into
   * memory, unless they were forgotten since.
   */
  wasRead(fn: FunctionRecord, { uses, keep }: RecordsRead, newId: () => number): void {
    const { id } = fn.info;
    for (let at = 0; at < uses.length; at += 2)
      this.#tiers.used(id, keyOf(id, uses[at] as string), uses[at + 1] as number);
    for (const { key, value, ms, expiresAt, generation } of keep) {
      const ttl = expiresAt - this.#clock.date();
      if (ttl <= 0 || !this.#tiers.isStill(id, generation) || this.#memory.peek(fn, key)) continue;
      // For how long it has been there was not told.
      this.#remember(fn, key, { value, ms, ttl, age: Number.POSITIVE_INFINITY }, newId());
    }
  }

  /** Keeps a tier's value in memory, if the flight can do with it, fresh or stale. */
  found(flight: Flight, found: FoundRecord, newId: () => number): Entry | undefined {
    const { fn, key, stale, maxAge } = flight;
    const entry = this.#entryOf(fn, found, newId);
    const now = this.#clock.now();
    if (!entry || isOlder(entry, maxAge === Number.POSITIVE_INFINITY ? undefined : maxAge, now))
      return undefined;
    if (stale && !(now < entry.freshUntil && isNewer(entry, stale))) return undefined;
    const { freshUntil, expiresAt, madeAt = now } = entry;
    const { value, ms, wallMs } = found.record;
    const ends = { ttl: freshUntil - now, staleFor: expiresAt - freshUntil, age: now - madeAt };
    const tags = marksIn(found.record);
    const details = { ...(wallMs !== undefined && { wallMs }), ...(tags.length > 0 && { tags }) };
    const staleFor = Number.isNaN(ends.staleFor) ? Number.POSITIVE_INFINITY : ends.staleFor;
    const { renewableFor = 0 } = found.record;
    const its = { usedAt: this.#usedAt(flight), isRenewed: renewableFor > 0 };
    this.#remember(fn, key, { value, ms, ...ends, staleFor, details, ...its }, entry.id);
    if (renewableFor > 0 && flight.isCalled) this.renew(fn, key);
    return this.#described(fn, key, entry, tags);
  }

  /** Both ends by this process's clock, and its own windows where they are shorter; unless it is dead. */
  #entryOf(fn: FunctionRecord, found: FoundRecord, newId: () => number): Entry | undefined {
    const { record, value, expiresAt: freshDate } = found;
    const [now, date] = [this.#clock.now(), this.#clock.date()];
    if (record.expiresAt <= date) return undefined;
    const freshUntil = now + (freshDate - date);
    const staleFor = Math.min(record.staleFor ?? 0, windowOf(fn.info.freshness));
    const expiresAt = freshUntil + staleFor;
    if (expiresAt <= now) return undefined;
    const madeAt = record.computedAt === undefined ? undefined : now + (record.computedAt - date);
    return { id: newId(), value, ms: record.ms, freshUntil, expiresAt, madeAt };
  }

  /** Memory's value of the key is stale from now on, as if its `ttl` had just ended; tiers forget it. */
  expire(fn: FunctionRecord, key: string, newId: () => number): Promise<void> {
    const entry = this.#memory.peek(fn, key);
    const now = this.#clock.now();
    if (entry && now < entry.freshUntil) {
      const { value, ms, madeAt = now } = entry;
      const tags = this.#memory.marksOf(fn, key);
      const details = tags.length > 0 ? { tags } : undefined;
      const usedAt = this.#memory.lastUse(fn, key);
      const its = { ttl: 0, age: now - madeAt, details, usedAt };
      this.#remember(fn, key, { value, ms, ...its }, newId());
    }
    const { id } = fn.info;
    return this.#tiers.delete(id, keyOf(id, key));
  }

  /**
   * Forgets one entry, or without a key all of the function's. Settles when no tier answers with it any
   * more; memory does not at once.
   */
  forget(fn: FunctionRecord, key: string | undefined): Promise<void> {
    this.drop(fn, key);
    const { id } = fn.info;
    return key === undefined ? this.#tiers.clear(id) : this.#tiers.delete(id, keyOf(id, key));
  }

  /** Everything; settles like {@link forget}. */
  forgetAll(functions: Iterable<FunctionRecord>): Promise<void> {
    this.#errors.clear();
    for (const fn of functions) this.#memory.clear(fn);
    return this.#tiers.clear();
  }

  /** Forgets what has one of these marks; settles like {@link forget}. */
  forgetTags(marks: readonly string[]): Promise<void> {
    this.dropTags(marks);
    return this.#tiers.forgetTags(marksInTiers(marks));
  }

  get hasTiers(): boolean {
    return !this.#tiers.empty;
  }

  /** Whether a tier may have something that depends on others, whichever process has stored it. Never rejects. */
  mayHaveDependents(): Promise<boolean> {
    return this.#tiers.mayHaveDependents();
  }

  /** What has one of these marks is stale from now on, where that is ever answered; settles like {@link forget}. */
  expireTags(marks: readonly string[]): Promise<void> {
    this.#errors.dropTagged();
    this.#memory.expireTags(marks);
    return this.#tiers.forgetTags(marksInTiers(marks));
  }

  /** Memory forgets what has one of these marks, or without them all that has any. */
  dropTags(marks?: readonly string[]): void {
    this.#errors.dropTagged();
    this.#memory.forgetTags(marks);
  }

  /** Another process has invalidated them in one tier: the others forget what has one, too. */
  forgetTagsBeside(from: Tier, marks: readonly string[]): void {
    void this.#tiers.forgetTags(marksInTiers(marks), from);
  }

  /** Another process has invalidated something in one tier: the others forget it, too. */
  forgetBeside(from: Tier, what: Invalidation): void {
    this.#tiers.forgetBeside(from, what);
  }

  /** Memory forgets one entry, or all of the function's. */
  drop(fn: FunctionRecord, key: string | undefined): void {
    this.#errors.drop(fn, key);
    if (key === undefined) this.#memory.clear(fn);
    else this.#memory.delete(fn, key);
  }

  #shortened({ info: { jitter } }: FunctionRecord, ttl: number): number {
    return jitter === undefined ? ttl : ttl * (1 - jitter * this.#random());
  }

  /** Not being kept is no failure of a call: its waiters are answered, whatever the system refuses. */
  #remember(fn: FunctionRecord, key: string, kept: Keepable, id: number): void {
    this.#errors.drop(fn, key);
    try {
      this.#memory.set(fn, key, kept, id);
    } catch {
      fn.counters.notKept.noRoom++;
    }
  }

  /** A value that is not to be kept may still have taken the place of an older one. */
  #leaveOut(
    { fn, key, fullKey, refreshes }: Flight,
    ms: number,
    lease: TierLease | undefined,
  ): void {
    this.#memory.declined(fn, key, ms);
    if (lease) this.#tiers.release(fn.info.id, fullKey, lease);
    if (refreshes) void this.forget(fn, key);
  }
}

/**
 * With both ends of its freshness; and with a `tti` it ends sooner, unless uses put that off.
 * @param unusedFor milliseconds since the last use
 */
function recordOf(
  { info: { freshness } }: FunctionRecord,
  { value, ms, ttl, details }: Computed,
  computedAt: number,
  unusedFor = 0,
): TierRecord {
  const staleFor = windowOf(freshness);
  const { tti = Number.POSITIVE_INFINITY } = freshness ?? {};
  const end = computedAt + ttl + staleFor;
  const expiresAt = Math.min(end, computedAt - unusedFor + tti);
  return {
    value: toEncoded(value),
    ms,
    expiresAt,
    computedAt,
    ...(expiresAt < end && { renewableFor: end - expiresAt }),
    ...(staleFor > 0 && { staleFor }),
    ...(details?.wallMs !== undefined && { wallMs: details.wallMs }),
  };
}

/** Whether a stale entry is answered at once. */
export function isAnswered(
  { info: { freshness } }: FunctionRecord,
  entry: Entry,
  now: number,
): boolean {
  if (!freshness || now >= entry.expiresAt) return false;
  return now < entry.freshUntil + freshness.staleWhileRevalidate;
}

/** More than what rounding makes of one time. */
function isNewer(found: Entry, held: Entry): boolean {
  if (found.madeAt === undefined || held.madeAt === undefined) return true;
  return found.madeAt > held.madeAt + 1;
}
