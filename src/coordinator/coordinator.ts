/**
 * Single flight across all threads: the one place that decides who computes what. Every event is a verb
 * here: a call, an outcome, a death, an invalidation, the pool's end. What they do is in
 * `flights.ts`, `waiters.ts`, `recovery.ts`, `invalidation.ts` and `cache.ts`.
 *
 * Invariants, after every call, message and death (`test/model/` checks them on random schedules):
 * - a key has at most one live flight, and a flight at most one lease; a flight that was fenced by
 *   an invalidation, or abandoned by its last waiter, is no longer live;
 * - leases and flights are ended by identity, so a late or dead leader settles nothing newer;
 * - every waiter is answered exactly once, or leaves; a flight without waiters does not go on;
 * - what was leased or probed before an invalidation is not stored after it (`invalidation.ts`);
 * - what a tier leases is computed here only under its lease, and `tier-leases.ts` learns of every
 *   flight that ends, waits for a thread, or has got one;
 * - a waiter on another thread never waits for work that has not started (`waiters.ts`).
 */

import { madeNameError } from '../call/made-names.ts';
import { argsKeyOf, hasTracked, keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import { OptionError, PoolClosedError } from '../errors.ts';
import { type InvalidateEvent, invalidations } from '../events/channels.ts';
import type { Histogram } from '../order/histogram.ts';
import type {
  Arguments,
  Computed,
  Explanation,
  FunctionInfo,
  FunctionStats,
  Outcome,
  PartRead,
  ReadableTier,
} from '../protocol.ts';
import type { RecordsRead } from '../read/record-reads.ts';
import { TierChain } from '../tiers/chain.ts';
import type { Invalidation, Tier } from '../tiers/tier.ts';
import { type BegunKeys, mayBegin } from './begun.ts';
import { Cache } from './cache.ts';
import { Closing } from './closing.ts';
import { windowOf } from './entry-terms.ts';
import { Explaining } from './explaining.ts';
import { type Flight, failure, type Lease, type Peer, type Waiter, type Want } from './flight.ts';
import { Flights } from './flights.ts';
import { FunctionRecord } from './function-record.ts';
import { HardTimeouts } from './hard-timeouts.ts';
import { inspect, type UnderwayFlight, underway } from './inspect.ts';
import type { Inspection } from './inspection.ts';
import { Invalidations } from './invalidation.ts';
import { endTrace } from './lease-trace.ts';
import { Leases } from './leases.ts';
import type { Entry, Memory, Peeked } from './memory.ts';
import { NOTHING_FOUND } from './nothing-found.ts';
import { notePart, type Part, type PartsUsed, Tracking } from './parts.ts';
import { Queue, type ThreadSupply } from './queue.ts';
import { Recovery } from './recovery.ts';
import { tellOfRefresh } from './refresh-events.ts';
import { Refreshes } from './refreshes.ts';
import { Slices } from './slices.ts';
import { answerOf, StaleAnswers, type WarnOfRefresh } from './stale-answers.ts';
import { Unshared } from './unshared.ts';
import { Waiters } from './waiters.ts';

export interface CoordinatorParts {
  readonly clock: Clock;
  /** By which values grow old, where that is not the same: what is dispatched goes by `clock`. */
  readonly time?: Clock;
  readonly memory: Memory;
  readonly tiers: TierChain;
  readonly supply: ThreadSupply;
  /** Thread deaths after which a computation is given up. */
  readonly attempts: number;
  readonly maxQueue: number;
  readonly threads: number;
  /** The coordinator's own thread, as one that computes. */
  readonly own: Peer;
  /** The name of a tier that outlives the process. */
  readonly persistentTier?: string | undefined;
  readonly warnOfRefresh?: WarnOfRefresh;
  /** From 0 to less than 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** The number before that of the first lease. */
  readonly lastId?: number;
  /** Nothing is kept, and no call shares another's computation. */
  readonly off?: boolean;
  /** The arguments of calls that found nothing are remembered, to explain others. */
  readonly explain?: boolean;
  /** Where threads begin computations without asking; not where tiers or a lack of sharing forbid it. */
  readonly begun?: BegunKeys | undefined;
}

const NO_TAGS: readonly string[] = [];

export class Coordinator {
  readonly #functions = new Map<string, FunctionRecord>();
  /** By id. */
  readonly functions: ReadonlyMap<string, FunctionRecord> = this.#functions;
  /** Of the pool. */
  readonly threads: number;
  readonly #parts: CoordinatorParts;
  readonly #leases: Leases;
  readonly #cache: Cache;
  readonly #queue: Queue;
  readonly #flights: Flights;
  readonly #waiters: Waiters;
  readonly #hardTimeouts: HardTimeouts;
  readonly #recovery: Recovery;
  readonly #invalidations: Invalidations;
  readonly #closing: Closing;
  readonly #staleAnswers: StaleAnswers;
  readonly #refreshes: Refreshes;
  /** By which values grow old. */
  readonly #time: Clock;
  /** Only where nothing is shared. */
  readonly #unshared: Unshared | undefined;
  readonly #explaining: Explaining;
  readonly #tracking = new Tracking(hasTracked);
  #closed = false;
  #draining = false;

  constructor(parts: CoordinatorParts) {
    const { clock, supply, maxQueue, off = false } = parts;
    const tiers = off ? new TierChain([]) : parts.tiers;
    if (off) this.#unshared = new Unshared();
    this.#parts = parts;
    this.threads = parts.threads;
    this.#leases = new Leases(clock, parts.lastId);
    const time = parts.time ?? clock;
    this.#time = time;
    parts.memory.newId = () => this.#leases.newId();
    const tracking = this.#tracking;
    this.#cache = new Cache({ ...parts, clock: time, tracking });
    this.#staleAnswers = new StaleAnswers({ clock: time, warn: parts.warnOfRefresh });
    this.#queue = new Queue(maxQueue, clock, supply);
    const slices = new Slices(clock);
    const stale = { staleAnswers: this.#staleAnswers, cache: this.#cache };
    const own = { leases: this.#leases, queue: this.#queue, slices, ...stale };
    this.#flights = new Flights({ ...parts, ...own, tiers, time });
    this.#waiters = new Waiters({ ...own, clock, flights: this.#flights });
    const all = { ...own, flights: this.#flights, waiters: this.#waiters };
    this.#hardTimeouts = new HardTimeouts({ ...parts, ...all, clock: time });
    this.#recovery = new Recovery({ ...parts, ...all });
    this.#closing = new Closing({ ...all, clock });
    this.#invalidations = new Invalidations({ ...all, functions: this.functions, tracking });
    this.#explaining = new Explaining({
      ...parts,
      clock: parts.time ?? clock,
      isUnderWay: (fn, key) => this.#flights.find(fn, key) !== undefined,
      errorOf: (fn, key) => this.#cache.seeError(fn, key),
    });
    this.#refreshes = new Refreshes({ ...all, clock: time });
    this.#queue.listen(this.#flights, this.#recovery);
    parts.own.takesWork(() => this.#queue.lookAgain());
  }

  get closed(): boolean {
    return this.#closed;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * One more call would not be refused because too many wait. This thread takes any number: without others
   * only calls wait whose function has a limit of its own, and another function's does not.
   */
  get hasRoom(): boolean {
    if (this.threads === 0) return true;
    return this.#queue.hasRoomBeside(this.#flights.inLine);
  }

  /** Flights that wait for a thread, those in line for a tier's lease included. */
  get queued(): number {
    return this.#queue.size + this.#flights.inLine + this.#flights.limited;
  }

  /** Those that wait for a slot of their function. */
  get limited(): number {
    return this.#flights.limited;
  }

  /** What flights have waited in the queue until a thread took them. */
  get waits(): Histogram {
    return this.#flights.waits;
  }

  get inLine(): number {
    return this.#flights.inLine;
  }

  /** One more flight could be begun at once. */
  get isThreadFree(): boolean {
    return this.#queue.openings() > 0;
  }

  /** The record of a function, made when it is first named. */
  define(info: FunctionInfo): FunctionRecord {
    const known = this.#functions.get(info.id);
    if (known) return known;
    const fn = new FunctionRecord(info, this.#functions.size);
    this.#functions.set(info.id, fn);
    this.#tracking.met(info);
    return fn;
  }

  /** Another thread has called it: from now on threads may begin its keys by themselves, if it is so plain. */
  calledInThread(fn: FunctionRecord): void {
    if (fn.hasWords || !this.#parts.begun || !mayBegin(fn.info)) return;
    this.#flights.takeWords(fn);
    this.#parts.begun.allow(fn.number);
  }

  /** A computation that goes on, by its lease; `undefined` when that has ended: its name is late. */
  computation(lease: number): Lease | undefined {
    return this.#leases.get(lease);
  }

  /** All of them, abandoned ones that have not stopped included. */
  computations(): Iterable<Lease> {
    return this.#leases.all();
  }

  /** The arguments of the live flight of a key, which a call would join. */
  argsOf(fn: FunctionRecord, key: string): Arguments | undefined {
    return this.#flights.find(fn, key)?.args;
  }

  /** It would join a flight. */
  isUnderWay(fn: FunctionRecord, key: string): boolean {
    return this.#flights.find(fn, key) !== undefined;
  }

  /**
   * A call's first question: is it cached? Counts as a hit and as a use. It may be stale.
   * @param from that makes the call; if it tracks what it uses, only what is fresh will do, and is noted
   */
  hit(fn: FunctionRecord, key: string, maxAge?: number, from?: Lease): Entry | undefined {
    if (this.#closed) return undefined;
    if (!from?.parts) return this.#cache.hit(fn, key, maxAge);
    const entry = this.#cache.freshHit(fn, key, maxAge);
    if (entry) notePart(from, entry.part);
    return entry;
  }

  /** Whether a value that has answered a call is to be refreshed. */
  isStale({ freshUntil }: Entry): boolean {
    return this.#time.now() >= freshUntil;
  }

  /**
   * A thread has answered a call with a value that is stale, or about to be: it is computed again in the
   * background, unless it is already, or that has failed lately.
   * @param isHere this thread has
   */
  refresh(fn: FunctionRecord, key: string, args: Arguments, isHere = false): void {
    if (this.#closed || this.#draining || this.#unshared) return;
    this.#refreshes.begin(fn, key, { args, isHere });
  }

  /** The same, where the thread that has answered the call is to compute it. */
  refreshBy(waiter: Waiter, fn: FunctionRecord, key: string): void {
    const isOff = this.#closed || this.#draining || this.#unshared !== undefined;
    if (isOff || !this.#refreshes.begin(fn, key, { waiter }))
      waiter.deliver(failure(new Error('no refresh is needed')));
  }

  /** What memory has, or a tier can answer at once. Counts as nothing. */
  peek(fn: FunctionRecord, key: string, from?: Lease): Peeked | undefined {
    if (this.#closed || this.#unshared) return undefined;
    const entry = this.#cache.peek(fn, key, () => this.#leases.newId());
    if (entry) notePart(from, entry.part);
    return entry;
  }

  /** A thread has read records of the function in a tier by itself. */
  wasRead(fn: FunctionRecord, records: RecordsRead): void {
    if (!this.#closed) this.#cache.wasRead(fn, records, () => this.#leases.newId());
  }

  /**
   * How a thread may read the function's records by itself: calls `tell` once that is known, if it can.
   */
  readable(fn: FunctionRecord, tell: (tierId: string, tier: ReadableTier) => void): void {
    const { tiers } = this.#parts;
    const tier = tiers.readable;
    if (!tier || this.#unshared || refusalOf(fn.info, this.#parts.persistentTier)) return;
    const tierId = tiers.readableAs(fn.info.id);
    if (typeof tierId === 'string') return tell(tierId, tier);
    tierId.then(
      (id) => tell(id, tier),
      // Its code is not known: nothing is stored of it.
      () => {},
    );
  }

  /** Has the waiter answered: by the live flight of its key, or by a new one. */
  want(wanted: Want): void {
    const want = this.#shared(wanted);
    if (!want) return;
    const { fn, key, waiter } = want;
    const { parent } = waiter;
    const cost = parent && fn.hasTimedOut && this.#hardTimeouts.answerTo(parent, fn, key);
    if (cost) return waiter.deliver(cost);
    const error = want.refresh ? undefined : this.#cache.errorHit(fn, key, want.maxAge);
    if (error) return waiter.deliver(error);
    waiter.asked = this.#leases.tags.now;
    this.#flights.whileHeld(fn, key, () => this.#join(want));
  }

  #join(want: Want): void {
    const { fn, key, waiter } = want;
    const flight = this.#flights.find(fn, key);
    const stale = fn.info.freshness && this.#staleFor(want, flight);
    if (stale && this.#staleAnswers.answerPaused(want, stale)) return;
    if (flight) return this.#joinFlight(want, flight, stale);
    if (want.args) this.#explaining.asked(fn, key, want.args);
    const deaths = waiter.parent && fn.hasKilled ? this.#recovery.deathsOf(fn, key) : 0;
    if (typeof deaths === 'number') this.#flights.open(want, deaths, stale);
    else waiter.deliver(deaths);
  }

  /** The waiter's thread has begun to compute it by itself, with a number that it was given. */
  begin(want: Want, lease: number): void {
    const { waiter } = want;
    const refusal = this.#refusal(want);
    if (refusal) return waiter.deliver(failure(refusal));
    waiter.asked = this.#leases.tags.now;
    this.#flights.openBegun(want, lease);
  }

  /** See {@link Leases.reserve}. */
  reserve(peer: Peer, most: number): { readonly first: number; readonly count: number } {
    return this.#leases.reserve(peer, most);
  }

  get begun(): BegunKeys | undefined {
    return this.#parts.begun;
  }

  /** What answers the call if there is to be no new value. */
  #staleFor(want: Want, flight: Flight | undefined): Entry | undefined {
    const { fn, key } = want;
    // One of the tags of what the flight has may have been invalidated since; and
    // what was not used for its `tti` answers no call.
    const isOf = fn.info.isTagged || fn.info.freshness?.tti !== undefined;
    const known = this.#cache.held(fn, key) ?? (isOf ? undefined : flight?.stale);
    const stale = this.#staleAnswers.within(want, known);
    // The call counts on it.
    if (stale) this.#cache.noteUse(fn, key);
    return stale;
  }

  #joinFlight(want: Want, flight: Flight, stale: Entry | undefined): void {
    flight.args ??= want.args;
    if (stale) this.#entitle(flight, want.waiter, stale);
    this.#waiters.call(want, flight);
  }

  #entitle(flight: Flight, waiter: Waiter, stale: Entry): void {
    flight.stale ??= stale;
    flight.refreshes = true;
    this.#staleAnswers.entitle(flight, waiter);
  }

  /**
   * The same for a call that blocks this thread: the lease under which it computes the value on the spot,
   * unless it is answered before this returns.
   */
  leadHere(wanted: Want): Lease | undefined {
    const want = this.#shared(wanted);
    if (!want) return undefined;
    const { fn, key, waiter } = want;
    const error = this.#cache.errorHit(fn, key, want.maxAge);
    if (error) return void waiter.deliver(error);
    waiter.asked = this.#leases.tags.now;
    return this.#flights.whileHeld(fn, key, () => {
      const flight = this.#flights.find(fn, key);
      const stale = fn.info.freshness && this.#staleFor(want, flight);
      if (stale && this.#staleAnswers.answerPaused(want, stale)) return undefined;
      if (!flight) return this.#flights.openHere(want, stale);
      if (stale) this.#entitle(flight, waiter, stale);
      return this.#waiters.leadHere(flight, waiter);
    });
  }

  /** The caller has gone away: by an abort, a timeout, or with its thread. */
  leave(waiter: Waiter): void {
    this.#waiters.leave(waiter);
  }

  /** The call blocks its thread, which had read so many leases: what it has not started goes elsewhere. */
  block(waiter: Waiter, handled: number): void {
    this.#recovery.block(waiter, handled);
    this.#queue.lookAgain();
  }

  /** The outcome of a computation; a late one (of a lease that has ended) is dropped. */
  settle(told: Outcome): void {
    const lease = this.#leases.get(told.lease);
    if (!lease) return;
    const { flight, cancelled, parts } = lease;
    const outcome = parts && told.type === 'complete' ? this.#bounded(lease, parts, told) : told;
    const stretch = outcome.type === 'complete' ? (outcome.stretch ?? 0) : outcome.stretch;
    if (stretch !== undefined) lease.keptThread(stretch);
    if (lease.trace) endTrace(lease.trace, lease, outcome);
    this.#leases.end(lease);
    flight.fn.took(outcome.ms, this.#awaitedOf(lease, outcome.ms, stretch));
    if (flight.fn.hasKilled) this.#recovery.survived(flight);
    if (cancelled !== 'no') return;
    if (outcome.type === 'fail') return this.#fail(lease, outcome);
    const { ms, details } = outcome;
    if (details?.wallMs !== undefined) flight.fn.tookInAll(details.wallMs);
    const tags = details?.tags;
    flight.fn.counters.completed++;
    if (flight.wasRefreshed) tellOfRefresh(flight, 'done');
    flight.fn.counters.computeMsSaved += ms * Math.max(0, flight.waiters.length - 1);
    if (flight.fn.info.freshness) this.#staleAnswers.backoffs.end(flight.fn, flight.key);
    let { ttl } = outcome;
    if (this.#isForgotten(lease, tags))
      return this.#waiters.answerEarlier(lease, () => this.#answer(lease, outcome, outcome.ttl));
    try {
      if (!lease.isFenced && !this.#unshared) ttl = this.#keep(lease, outcome);
    } finally {
      this.#answer(lease, outcome, ttl);
    }
  }

  /** Whatever goes wrong before: every caller gets the value. */
  #answer(lease: Lease, outcome: Computed, ttl: number): void {
    let part: Part | undefined;
    try {
      part = this.#partOf(lease, outcome, ttl);
    } finally {
      const { flight, leader, id } = lease;
      this.#flights.answer(flight, answerOf({ id, value: outcome.value, part }), leader);
    }
  }

  #fail(lease: Lease, outcome: Outcome & { type: 'fail' }): void {
    const { flight, leader } = lease;
    flight.fn.counters.errors++;
    let part: Part | undefined;
    const answer = () => {
      const { error } = outcome;
      this.#flights.fail(flight, { state: 'failure', error, ...(part && { part }) }, leader);
    };
    try {
      part = this.#keepError(lease, outcome);
    } finally {
      if (this.#mayBeForgotten(lease)) this.#waiters.answerEarlier(lease, answer);
      else answer();
    }
  }

  /** The value that was computed, for computations that track what they use; not what is not kept. */
  #partOf(lease: Lease, { ttl: its, details }: Computed, ttl: number): Part | undefined {
    if (its <= 0) return undefined;
    const { fn, key, isForced } = lease.flight;
    // Its dependents were made of another value.
    if (isForced && !lease.isFenced) void this.#invalidations.expireDependents(fn, key);
    if (!this.#tracking.isUsed) return undefined;
    const since = isForced ? this.#leases.tags.now : undefined;
    const freshUntil = this.#time.now() + (lease.isExpired ? 0 : ttl);
    return { fn, key, marks: details?.tags ?? [], freshUntil, since };
  }

  /** What a tracked computation has made: with the marks of its parts, and fresh no longer than they are. */
  #bounded<Its extends Computed>(lease: Lease, parts: PartsUsed, computed: Its): Its {
    const { details: { parts: read = [], ...details } = {} } = computed;
    this.#noteRead(parts, read);
    const tags = parts.marksWith(details.tags ?? []);
    const left = parts.freshUntil - this.#time.now();
    if (left <= 0) lease.isExpired = true;
    const bound = left <= 0 ? computed.ttl : Math.min(computed.ttl, left);
    const ttl = parts.isLost ? 0 : bound;
    return { ...computed, ttl, details: { ...details, ...(tags.length > 0 && { tags }) } };
  }

  /** Of a tag whose cell is gone, with its last entry, it is not known what it was called. */
  #noteRead(parts: PartsUsed, read: readonly PartRead[] | 'unknown'): void {
    if (read === 'unknown') parts.isLost = true;
    for (const { fn: id, key, freshUntil, tags } of read === 'unknown' ? [] : read) {
      const fn = this.#functions.get(id);
      const marks = this.#parts.memory.marksIn(tags).filter((mark) => mark !== undefined);
      if (fn && marks.length * 2 === tags.length) parts.use({ fn, key, marks, freshUntil });
      else parts.isLost = true;
    }
  }

  /** Whether one of the tags was invalidated since; notes whether one was expired. */
  #isForgotten(lease: Lease, tags: readonly string[] = NO_TAGS): boolean {
    const { flight, since, parts } = lease;
    if (parts?.isLost && this.#mayBeForgotten(lease)) return true;
    if (this.#leases.tags.lastOf(tags, since) > 0) return true;
    const isExpired = tags.some((mark) =>
      this.#leases.tags.wasExpired([mark], lease.parts?.renewedAt(mark) ?? since),
    );
    if (!isExpired) return false;
    lease.isExpired = true;
    return windowOf(flight.fn.info.freshness) === 0;
  }

  #keepError(lease: Lease, { error, keepMs = 0 }: Outcome & { type: 'fail' }): Part | undefined {
    if (keepMs <= 0 || lease.isFenced || this.#unshared || this.#mayBeForgotten(lease))
      return undefined;
    return this.#cache.keepError(lease.flight, error, keepMs);
  }

  /** Where the tags are not known, as those that the value of an error would have had: any invalidation may be of one. */
  #mayBeForgotten({ flight, since }: Lease): boolean {
    return flight.fn.info.isTagged === true && since !== this.#leases.tags.now;
  }

  /** A function with a `hardTimeout` has been called. */
  began(lease: number): void {
    const its = this.#leases.get(lease);
    if (its) this.#hardTimeouts.began(its);
  }

  /** Computations await something else than a call: see `await` in `protocol.ts`. */
  await(told: readonly number[]): void {
    for (let at = 0; at < told.length; at += 2)
      this.#leases.get(told[at] as number)?.awaits(told[at + 1] as number, this.#parts.clock);
  }

  /** A thread does not compute what it was given a lease for: see `decline` in `protocol.ts`. */
  decline(lease: number, args?: Arguments): void {
    this.#recovery.decline(lease, args);
  }

  /** The thread takes work from now on. */
  employ(peer: Peer): void {
    this.#queue.join(peer);
  }

  /** Its shift is about to end, or it has died. */
  dismiss(peer: Peer): void {
    this.#queue.leave(peer);
  }

  /** The thread has died. Its calls leave, and what it computed is computed elsewhere, or given up. */
  died(peer: Peer, cause?: unknown): void {
    this.#hardTimeouts.died(peer);
    this.#leases.dropReserved(peer);
    this.#recovery.died(peer, cause);
  }

  /** There is no thread for what waits, and none can be started. */
  stranded(cause: unknown): void {
    for (const flight of this.#queue.removeAll()) this.#recovery.notStarted(flight, cause);
  }

  /** Forgets one entry; without a key all of a function's; without a function everything. Settles when no tier has it. */
  invalidate(fn?: FunctionRecord, key?: string): Promise<void> {
    if (invalidations.hasSubscribers) tellOf(fn?.info.id, key);
    return this.#invalidations.invalidate(fn, key);
  }

  /** Forgets all entries with one of these marks. Settles when no tier answers with one; waits for no flight. */
  invalidateTags(marks: readonly string[]): Promise<void> {
    return this.#invalidations.invalidateTags(marks);
  }

  /** The same, but what may be answered when it is stale is only that from now on. */
  expireTags(marks: readonly string[]): Promise<void> {
    return this.#invalidations.expireTags(marks);
  }

  /**
   * Primes an entry. Settles when the tiers have it; memory does at once, and forgets what there was.
   * @throws {PoolClosedError} because nothing would have the value
   */
  async set(fn: FunctionRecord, key: string, given: Computed): Promise<void> {
    if (this.#closed)
      throw new PoolClosedError('the pool was closed: it keeps no value', detailsOf(fn, key));
    if (this.#unshared) return;
    await this.#invalidations.set(fn, key, given, this.#leases.newId());
  }

  /** The value of one key is stale from now on. Settles when no tier has it. */
  expire(fn: FunctionRecord, key: string): Promise<void> {
    return this.#invalidations.expire(fn, key, () => this.#leases.newId());
  }

  /** Another process has invalidated something in a tier: what was begun before is not kept here. */
  heard(from: Tier, what: Invalidation): void {
    if (invalidations.hasSubscribers) tellOf(...namesOf(what), from);
    this.#invalidations.heard(from, what);
  }

  /** What a call of this key would find, and why. */
  async explain(fn: FunctionRecord, key: string, args: Arguments): Promise<Explanation> {
    if (this.#closed) return NOTHING_FOUND;
    return await this.#explaining.explain(fn, key, args);
  }

  /** A call in another thread has found nothing: to explain others by. */
  asked(fn: FunctionRecord, key: string, args: Arguments): void {
    this.#explaining.asked(fn, key, args);
  }

  /** Rejects the calls of the coordinator's own thread whose computations have not begun. */
  withdraw(): void {
    this.#closing.withdraw();
  }

  /**
   * From now on calls that no computation makes are answered with {@link PoolClosedError}, unless they are
   * hits. Settles when none waits any more, or after so many milliseconds, or when `stopDraining` is called.
   */
  drain(ms: number): Promise<void> {
    this.#draining = true;
    return this.#closing.drain(ms);
  }

  stopDraining(): void {
    this.#closing.stopDraining();
  }

  /** Every call is answered with {@link PoolClosedError} from now on. Settles when no flight is left. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#closing.close();
  }

  inspect(peers: Iterable<Peer>): Inspection {
    return inspect(this.#flights, this.#leases, peers, this.#parts.clock.now());
  }

  /** At most so many of the flights, with what they wait for. */
  underway(most: number): UnderwayFlight[] {
    return underway(this.#flights, this.#leases, this.#parts.clock.now(), most);
  }

  /** A thread counts there what it reads by itself. */
  countedIn(slot: number, fn: number, memory: SharedArrayBuffer): void {
    this.#parts.memory.readers.countedIn(slot, fn, memory);
  }

  #keep(lease: Lease, computed: Computed): number {
    const { costs } = lease.flight.fn;
    if (!costs.isStoreDue()) return this.#cache.keep(lease, computed);
    const { clock } = this.#parts;
    const since = clock.now();
    const ttl = this.#cache.keep(lease, computed);
    costs.stored(clock.now() - since);
    return ttl;
  }

  /** The coordinator's own thread says of every computation how long it was kept, and does not tell of waits. */
  #awaitedOf(lease: Lease, ms: number, stretch = ms): number | undefined {
    if (lease.peer !== this.#parts.own) return lease.awaitedOf(ms, stretch);
    return stretch < ms ? ms - stretch : undefined;
  }

  /** As what the call is answered; `undefined` when that has happened. */
  #shared(want: Want): Want | undefined {
    const refusal = this.#refusal(want);
    if (refusal) return void want.waiter.deliver(failure(refusal));
    const apart = this.#unshared?.apart(want);
    if (apart && 'state' in apart) return void want.waiter.deliver(apart);
    return apart ?? want;
  }

  #refusal({ fn, key, waiter: { parent } }: Want): Error | undefined {
    if (this.#closed) return new PoolClosedError('the pool was closed', detailsOf(fn, key));
    if (this.#draining && !parent) {
      const what =
        'the pool is being closed: it ends what was asked for before, and begins nothing new';
      return new PoolClosedError(what, detailsOf(fn, key));
    }
    return refusalOf(fn.info, this.#parts.persistentTier);
  }

  statsOf(fn: FunctionRecord): FunctionStats {
    return fn.counters.snapshot(this.#parts.memory.readers.hits(fn));
  }
}

/** What a call's failure is about. */
function detailsOf({ info: { id } }: FunctionRecord, key: string) {
  return { functionId: id, key: keyOf(id, key) };
}

function namesOf(what: Invalidation): [string | undefined, string | undefined] {
  if (what.of === 'all') return [undefined, undefined];
  const { functionId } = what;
  return [functionId, what.of === 'key' ? argsKeyOf(functionId, what.key) : undefined];
}

function tellOf(functionId?: string, argsKey?: string, tier?: Tier): void {
  const key =
    functionId !== undefined && argsKey !== undefined ? keyOf(functionId, argsKey) : undefined;
  const event: InvalidateEvent = { functionId, key, tier: tier?.name };
  invalidations.publish(event);
}

/** For a function whose values a tier that outlives the process would keep for another one. */
function refusalOf(info: FunctionInfo, tier: string | undefined): Error | undefined {
  if (tier === undefined) return undefined;
  const { id, module, thread, versioned, hasMadeName } = info;
  if (hasMadeName)
    return madeNameError(id.slice(id.lastIndexOf('#') + 1), module, `the tier '${tier}'`);
  if (thread === undefined || versioned) return undefined;
  return new OptionError(
    `${id} has thread: '${thread}' and no version: the tier '${tier}' outlives the process, and what ` +
      'such a function closes over is no part of its code, so that a change of it would go unnoticed. ' +
      'Give the function a `version`, and another one whenever its values change their meaning.',
    { functionId: id },
  );
}
