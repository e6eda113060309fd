/**
 * The flights that are wanted now, by key: how one begins, comes to be computed, and ends.
 *
 * The tiers are asked for a flight's value, then for the right to compute it; then a waiter that may
 * computes it, or the coordinator's own thread does, or it waits in the queue for a thread.
 *
 * Invariant: `live` has at most one flight a key, and only flights that have not settled. A flight
 * whose lease was fenced is not live: it still answers its own waiters, and a new call of its key gets
 * a new one. The exception: where thousands settle at once, they stay in `live` and `underway` until
 * their slice. `find` and `live()`, through which all others see these, take no notice of them.
 */

import type { Clock } from '../clock.ts';
import { QueueFullError } from '../errors.ts';
import { measured } from '../events/durations.ts';
import { ChurnMap } from '../order/churn-map.ts';
import { Histogram } from '../order/histogram.ts';
import type { Arguments } from '../protocol.ts';
import type { Begun } from '../tags/tag-log.ts';
import type { TierChain } from '../tiers/chain.ts';
import type { FoundRecord } from '../tiers/found.ts';
import { marksIn } from '../tiers/tier.ts';
import type { BegunKeys } from './begun.ts';
import { type Cache, isAnswered } from './cache.ts';
import { Concurrency } from './concurrency.ts';
import {
  type Answer,
  type Failure,
  Flight,
  failure,
  type Lease,
  type Peer,
  type Slots,
  type Waiter,
  type Want,
} from './flight.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Leases } from './leases.ts';
import type { Entry } from './memory.ts';
import { notePart } from './parts.ts';
import { rankOf } from './priorities.ts';
import type { Queue } from './queue.ts';
import { tellOfRefresh } from './refresh-events.ts';
import type { Slices } from './slices.ts';
import { answerOf, type StaleAnswers } from './stale-answers.ts';
import { TierLeases } from './tier-leases.ts';

export interface FlightsParts {
  readonly clock: Clock;
  readonly tiers: TierChain;
  readonly queue: Queue;
  readonly leases: Leases;
  readonly cache: Cache;
  readonly slices: Slices;
  /** Threads of the pool. */
  readonly threads: number;
  /** The coordinator's own thread. */
  readonly own: Peer;
  readonly staleAnswers: StaleAnswers;
  /** By which values grow old. */
  readonly time: Pick<Clock, 'now'>;
  /** Where threads begin computations without asking. */
  readonly begun?: BegunKeys | undefined;
}

/** Which thread is to compute a refresh: the pool's, unless the function's option wants the caller's. */
export interface RefreshedBy {
  readonly args?: Arguments;
  /** The coordinator's own thread has noticed that it is needed. */
  readonly isHere?: boolean;
  /** Another one has, and computes it. */
  readonly waiter?: Waiter;
}

interface FlightsOf {
  readonly slots: Slots | undefined;
  /** By key. */
  readonly live: ChurnMap<string, Flight>;
  /** Those that ask tiers or are leased, live or not: what an invalidation has to reach. */
  readonly underway: ChurnMap<number, Flight>;
}

export class Flights {
  readonly #functions = new Map<FunctionRecord, FlightsOf>();
  readonly #parts: FlightsParts;
  readonly #concurrency = new Concurrency((flight) => this.#goOn(flight));
  /** A tier's stale value has answered the flight, and is to be refreshed. */
  answeredStale: (flight: Flight) => void = () => {};
  /** Only where a tier leases. */
  readonly #tierLeases: TierLeases | undefined;

  /** Called when a flight has ended, while it is set. */
  ended: (() => void) | undefined;
  readonly waits = new Histogram();

  constructor(parts: FlightsParts) {
    this.#parts = parts;
    if (parts.tiers.leases) this.#tierLeases = new TierLeases(parts, this);
  }

  /**
   * Runs what looks for the live flight of a key, and opens one if there is none: no thread begins the key
   * meanwhile.
   */
  whileHeld<T>(fn: FunctionRecord, key: string, run: () => T): T {
    const { begun } = this.#parts;
    if (!begun || !fn.hasWords) return run();
    const held = begun.hold(fn.number, key);
    try {
      return run();
    } finally {
      begun.release(held);
    }
  }

  /** The live flight of a key. */
  find(fn: FunctionRecord, key: string): Flight | undefined {
    if (fn.hasWords) this.#parts.begun?.heed(fn.number, key);
    const flight = this.#of(fn).live.get(key);
    return flight?.isSettled ? undefined : flight;
  }

  /** No thread begins a key that is under way: before the first of them may begin one of this function. */
  takeWords(fn: FunctionRecord): void {
    fn.hasWords = true;
    for (const flight of this.#of(fn).live.values()) this.#takeWord(flight);
  }

  /** Those that end meanwhile are left out. */
  *live(): Generator<Flight, void, undefined> {
    for (const { live } of this.#functions.values())
      for (const flight of live.values()) if (!flight.isSettled) yield flight;
  }

  /** The same, of all in one turn: a generator takes as long as what is done with each. */
  forEachLive(run: (flight: Flight) => void): void {
    for (const { live } of this.#functions.values())
      for (const flight of live) if (!flight.isSettled) run(flight);
  }

  /** Those that wait for a tier's lease, and for a thread after that. */
  get inLine(): number {
    return this.#tierLeases?.size ?? 0;
  }

  /** Those that wait for a slot of their function. */
  get limited(): number {
    return this.#concurrency.waiting;
  }

  /** A thread has room. */
  hungry(): void {
    this.#tierLeases?.next();
  }

  /** A thread wants the value, and does not wait for its turn. */
  hurry(flight: Flight): void {
    this.#tierLeases?.hurry(flight);
  }

  /** A call of a key that has no live flight, and has taken so many threads down lately. */
  open(want: Want, deaths: number, stale?: Entry): void {
    const { tiers } = this.#parts;
    const flight = this.#openWith(want, stale);
    flight.deaths = deaths;
    if (tiers.empty) return this.start(flight);
    if (want.refresh) return this.ask(flight);
    this.#probeOrAsk(flight);
  }

  /**
   * A flight without a waiter. Only what is newer than the stale value ends the need for it.
   * @param stale what memory has; without it, a tier may have something
   */
  openRefresh(fn: FunctionRecord, key: string, stale: Entry | undefined, by: RefreshedBy): void {
    const { args, isHere = false, waiter } = by;
    const flight = this.#create(fn, key, args);
    if (waiter) flight.admit(waiter);
    flight.noticedBy = waiter;
    flight.stale = stale;
    flight.refreshes = true;
    flight.hasMissed = true;
    flight.isCounted = true;
    flight.isNoticedHere = isHere;
    this.#parts.staleAnswers.goesOn(flight);
    if (this.#parts.tiers.empty) this.ask(flight);
    else this.#probeOrAsk(flight);
  }

  /** A tier that leases is looked at under its lease, if only something newer will do. */
  #probeOrAsk(flight: Flight): void {
    if (flight.stale && this.#tierLeases) return this.ask(flight);
    if (this.#isFoundByAsking(flight)) return this.#tierLeases?.find(flight);
    flight.probe();
    const { cache, leases } = this.#parts;
    const question = leases.tags.ask();
    const found = cache.probe(flight);
    if (!(found instanceof Promise)) return this.#probed(flight, found, question);
    void found.then((answer) => this.#probed(flight, answer, question));
  }

  /** Whether one question does for the value and for the lease, which would be asked for right after. */
  #isFoundByAsking(flight: Flight): boolean {
    const { tiers, queue } = this.#parts;
    if (!this.#tierLeases || !tiers.leaseFinds || flight.slots || flight.refreshes) return false;
    if (this.#startsAtOnce(flight)) return true;
    return queue.hasRoomBeside(this.inLine) && this.#tierLeases.hasRoomFor(flight);
  }

  /** A thread has begun it by itself: no flight of its key is live. */
  openBegun(want: Want, lease: number): void {
    const { peer } = want.waiter;
    if (!peer) return;
    const flight = this.#open(want);
    this.#parts.cache.missed(flight);
    flight.hasMissed = true;
    this.#parts.leases.grant(flight, peer, want.waiter, lease);
  }

  /** What threads have begun by itself is known from now on: before an invalidation of more than a key. */
  heedAll(): void {
    this.#parts.begun?.heedAll();
  }

  /**
   * The same for a call that blocks this thread: its lease, or none when a tier has answered it. What
   * tiers cannot answer at once is not waited for, and neither is another process.
   */
  openHere(want: Want, stale?: Entry): Lease | undefined {
    const flight = this.#openWith(want, stale);
    const found = this.#parts.cache.probeNow(flight);
    if (found && this.answerWith(flight, found, this.#parts.leases.tags.now)) return undefined;
    this.#parts.cache.missed(flight);
    flight.hasMissed = true;
    return this.leadHere(want.waiter, flight);
  }

  /** The lease for a call that blocks this thread. */
  leadHere(leader: Waiter, flight: Flight): Lease {
    flight.under = leader.parent?.slot ?? flight.under;
    this.#tierLeases?.begun(flight);
    return this.#parts.leases.grant(flight, this.#parts.own, leader);
  }

  /** Another flight of the same key, for one waiter alone: no call joins it, and its value is not kept. */
  openApart({ fn, key, rank, args }: Flight): Flight {
    const { underway, slots } = this.#of(fn);
    const flight = new Flight(fn, key, underway, true);
    flight.slots = slots;
    flight.rank = rank;
    flight.args = args;
    flight.since = this.#parts.clock.now();
    return flight;
  }

  /**
   * A flight whose lease has ended without an outcome. If it was fenced, its tier's lease has ended as
   * well; false if its key has another flight meanwhile.
   */
  beginAgain(flight: Flight): boolean {
    return this.whileHeld(flight.fn, flight.key, () => this.#beginAgain(flight));
  }

  #beginAgain(flight: Flight): boolean {
    const present = this.find(flight.fn, flight.key);
    if (!flight.isApart && present && present !== flight) return false;
    if (!flight.isApart) this.#enter(flight);
    flight.again = true;
    this.#goOn(flight);
    return true;
  }

  /** For a waiter of a flight that has ended, without its value: its key must have no live flight. */
  openAgain({ fn, key, refreshes: refresh, rank, args }: Flight, waiter: Waiter): void {
    const flight = this.#open({ fn, key, waiter, refresh, args });
    flight.rank = rank;
    flight.hasMissed = true;
    flight.again = true;
    this.#goOn(flight);
  }

  /** It may be computed; or must, because a lease of the tiers cannot be had. */
  start(flight: Flight): void {
    if (!flight.hasMissed) this.#parts.cache.missed(flight);
    flight.hasMissed = true;
    this.#start(flight);
  }

  /** Whether there is a slot for what is first in the queue; otherwise it waits for one elsewhere. */
  admits(flight: Flight): boolean {
    if (this.#concurrency.mayBegin(flight)) return true;
    this.#parts.queue.remove(flight);
    flight.reopen();
    this.#waitForSlot(flight);
    return false;
  }

  /** It waits for a slot no more, if it did: a thread that cannot wait for one computes it. */
  takeFromLine(flight: Flight): boolean {
    if (!this.#concurrency.leave(flight)) return false;
    flight.reopen();
    return true;
  }

  /** A call waits for a flight that was there before. */
  joined(flight: Flight, waiter: Waiter): void {
    this.#concurrency.joined(flight, waiter, flight.isLedBy(waiter));
    this.#tierLeases?.joined(flight);
  }

  /** The lease for its task in this thread: its turn in the queue has come. */
  beginTask(flight: Flight, peer: Peer): Lease {
    const { queuedSince } = flight;
    flight.queuedSince = undefined;
    if (queuedSince !== undefined) this.#hasWaited(this.#parts.clock.now() - queuedSince);
    this.#tierLeases?.begun(flight);
    return this.#parts.leases.grant(flight, peer);
  }

  #hasWaited(ms: number): void {
    this.waits.observe(ms);
    measured('wait', ms);
  }

  /** The lease for its computation on the coordinator's own thread. */
  beginHere(flight: Flight): void {
    const { own } = this.#parts;
    own.prepare(this.beginTask(flight, own));
    own.handOver();
  }

  /** The slot that it waits for is free, and kept for one in the queue that no thread will take. */
  overtake(flight: Flight): void {
    this.#concurrency.leave(flight);
    flight.reopen();
    if (flight.grant || flight.isApart || !this.#tierLeases) this.beginHere(flight);
    else this.#tierLeases.ask(flight, true);
  }

  /** For a waiter that must not wait for the live flight of the key. */
  startApart(flight: Flight, waiter: Waiter): void {
    flight.admit(waiter);
    flight.under = waiter.parent?.slot;
    if (waiter.peer && flight.fn.info.thread !== 'main') this.leadBy(waiter, flight);
    else this.#start(flight);
  }

  /** The waiter computes what was taken out of the queue, or back from another thread, for it. */
  takeOver(waiter: Waiter, flight: Flight): void {
    flight.under = waiter.parent?.slot ?? flight.under;
    if (this.#concurrency.mayBegin(flight)) return this.leadBy(waiter, flight);
    if (flight.state.at === 'queued') flight.reopen();
    this.#waitForSlot(flight);
  }

  leadBy(leader: Waiter, flight: Flight): void {
    const { peer, mode } = leader;
    if (!peer) return;
    this.#tierLeases?.begun(flight);
    const lease = this.#parts.leases.grant(flight, peer, leader);
    lease.nth = peer.nextLead();
    lease.comesBack = mode !== 'block' && peer.blocking.size > 0;
    leader.lead(lease.id);
    lease.mail = peer.mail;
  }

  /**
   * Answers with a tier's value; false if the flight is to go on, because that is too old, or one of its tags
   * was invalidated since the tier was asked, when there had been so many invalidations.
   */
  answerWith(flight: Flight, found: FoundRecord, since: number): boolean {
    const { leases, cache, time } = this.#parts;
    const marks = marksIn(found.record);
    if (leases.tags.lastOf(marks, since) > 0 || leases.tags.wasExpired(marks, since)) return false;
    const entry = cache.found(flight, found, () => leases.newId());
    if (!entry) return false;
    const { fn, args, waiters } = flight;
    const isStale = time.now() >= entry.freshUntil;
    const wantsFresh = () =>
      flight.isRefresh ||
      waiters.some(({ parent }) => parent?.parts !== undefined) ||
      !isAnswered(fn, entry, time.now());
    if (isStale && wantsFresh()) return this.#goOnWith(flight, entry);
    // What a refresh has found answers no call, and a call that was counted before is not counted again.
    const isHit = waiters.length > 0 && !flight.hasMissed && !flight.isCounted;
    if (isHit) fn.counters.tierHits++;
    if (isHit && isStale) fn.counters.staleTierHits++;
    fn.counters.computeMsSaved += entry.ms * flight.calls;
    const { id, value, part } = entry;
    const due = isStale && args === undefined && { isDue: true };
    this.answer(flight, { state: 'value', entry: id, value, ...due, ...(part && { part }) });
    if (isStale) this.answeredStale(flight);
    return true;
  }

  /** With a stale value at hand that answers no call yet; true if a refresh has failed lately. */
  #goOnWith(flight: Flight, entry: Entry): boolean {
    const { staleAnswers } = this.#parts;
    const { fn, key, waiters } = flight;
    flight.stale = entry;
    flight.refreshes = true;
    if (flight.isRefresh) staleAnswers.goesOn(flight);
    for (const waiter of waiters) {
      const want = { fn, key, waiter, refresh: flight.isForced, args: undefined };
      if (staleAnswers.within(want, entry)) staleAnswers.entitle(flight, waiter);
    }
    if (waiters.length === 0 || staleAnswers.backoffs.of(fn, key) === 0) return false;
    if (waiters.some(({ takesStale = 'no' }) => takesStale === 'no')) return false;
    this.#answerEach(flight, (waiter) => staleAnswers.orFailure(flight, waiter, answerOf(entry)));
    return true;
  }

  /** Ends a flight, wherever it is: by identity, so that a newer one of its key stays. */
  end(flight: Flight): void {
    const { at } = flight.state;
    if (at === 'settled') return;
    if (at === 'queued') this.#parts.queue.remove(flight);
    this.#concurrency.leave(flight);
    this.#remove(flight);
    this.#tierLeases?.leave(flight);
    flight.settle();
    this.#parts.staleAnswers.ended(flight);
    this.ended?.();
  }

  /** Ends a flight that is leased, and is one of thousands: `forget` is to follow, in a slice. */
  endOnly(flight: Flight): void {
    this.#tierLeases?.leave(flight);
    flight.settleOnly();
    this.ended?.();
  }

  forget(flight: Flight): void {
    this.#remove(flight);
    flight.leaveUnderway();
  }

  /**
   * Ends a flight: every waiter gets the answer, but the leader, who has the outcome already. A crowd
   * gets it in the order in which it came, in several turns of the event loop. Until its turn a
   * waiter may leave; nothing that happens meanwhile, not even the pool's end, makes it lose its answer.
   */
  answer(flight: Flight, answer: Answer, leader?: Waiter): void {
    // Now, because the turn of a leader among many may come after its computation's end.
    if (leader) notePart(leader.parent, answer.part);
    this.#answerEach(flight, (waiter) => (waiter === leader ? undefined : answer));
  }

  /**
   * The same where its computation has failed: those that take a stale value get that. So a leader that
   * does was told to wait for this, whatever it is.
   */
  fail(flight: Flight, failure: Failure, leader?: Waiter): void {
    const { staleAnswers, cache } = this.#parts;
    const { fn, key } = flight;
    if (leader && (leader.takesStale ?? 'no') === 'no') notePart(leader.parent, failure.part);
    const until = staleAnswers.failed(flight, failure.error);
    if (until !== undefined) cache.askNotBefore(fn, key, until);
    this.#answerEach(flight, (waiter) => {
      const { takesStale = 'no' } = waiter;
      if (waiter === leader && takesStale === 'no') return undefined;
      return staleAnswers.orFailure(flight, waiter, failure);
    });
  }

  /** @param its the answer of a waiter; `undefined` for one that has it already */
  #answerEach(flight: Flight, its: (waiter: Waiter) => Answer | undefined): void {
    this.end(flight);
    if (flight.waiters.length === 1) this.#parts.slices.once(answerNext, flight, its);
    else this.#parts.slices.run(() => answerNext(flight, its));
  }

  /**
   * It does not fit the queue: calls get a stale value, if there is one that they take. A refresh that no call
   * waits for is tried again at a later hit.
   */
  #refuse(flight: Flight): void {
    const { staleAnswers } = this.#parts;
    if (!flight.isRefresh || flight.waiters.length > 0) {
      const full = failure(queueFull(flight));
      return this.#answerEach(flight, (waiter) => staleAnswers.orFailure(flight, waiter, full));
    }
    flight.fn.counters.failedRefreshes++;
    tellOfRefresh(flight, 'failed', () => queueFull(flight));
    this.end(flight);
    this.#parts.cache.askNotBefore(flight.fn, flight.key, this.#parts.time.now());
  }

  /**
   * An invalidation: what is under way answers its waiters, and is not kept; what tiers are about to
   * answer is not used.
   * @returns refreshes that no call waits for
   */
  fence(fn: FunctionRecord, key: string | undefined): Flight[] {
    const its = this.#of(fn);
    const stale = fn.info.freshness ? withoutStale(its.live, key) : [];
    const flight = key === undefined ? undefined : this.find(fn, key);
    if (key === undefined) this.#fenceAll(its);
    else if (flight) this.#fenceOne(flight);
    return stale.filter(({ isSettled, waiters }) => !isSettled && waiters.length === 0);
  }

  /** Those of a function that a stale value may answer. */
  withStale(fn: FunctionRecord): Flight[] {
    if (!fn.info.freshness) return [];
    return [...this.#of(fn).live.values()].filter(({ stale }) => stale !== undefined);
  }

  /** What is being computed is kept as stale; what tiers are about to answer is not used. */
  expire(fn: FunctionRecord, key: string): void {
    const flight = this.find(fn, key);
    flight?.outdate();
    if (flight?.lease) flight.lease.isExpired = true;
  }

  /** Answers the live flight of a key, unless a thread computes it. */
  answerUnbegun(fn: FunctionRecord, key: string, answer: Answer): void {
    const flight = this.find(fn, key);
    if (!flight) return;
    const { lease } = flight;
    if (!lease || this.#parts.leases.takeBack(lease)) this.answer(flight, answer);
  }

  /** After the tiers were sent the invalidation: leases that it has ended are asked for again. */
  askAgain(fn?: FunctionRecord, key?: string): void {
    this.#tierLeases?.fence(fn, key);
  }

  #fenceOne(flight: Flight): void {
    if (!fence(flight)) return;
    this.#remove(flight);
    this.#tierLeases?.leave(flight);
  }

  /** One computation may have called for tens of thousands: to take each out of `live` takes most of the time. */
  #fenceAll({ live, underway }: FlightsOf): void {
    const fenced = [...underway].filter(fence);
    if (fenced.length * 2 < live.size) for (const flight of fenced) this.#remove(flight);
    else this.#removeFenced(live);
    if (this.#tierLeases) for (const flight of fenced) this.#tierLeases.leave(flight);
  }

  /** Those that stay keep their order; a `live()` that is under way comes to them a second time. */
  #removeFenced(live: FlightsOf['live']): void {
    const staying: Flight[] = [];
    for (const flight of live) {
      if (flight.lease?.isFenced) this.#giveWordBack(flight);
      else staying.push(flight);
    }
    live.clear();
    for (const flight of staying) live.set(flight.key, flight);
  }

  #probed(flight: Flight, found: FoundRecord | undefined, question: Begun): void {
    this.#parts.leases.tags.answered(question);
    const { state } = flight;
    if (state.at !== 'probing') return;
    if (found) flight.fn.wasRead(this.#parts.clock.now() - flight.since);
    if (!found || state.isOutdated || !this.answerWith(flight, found, question.since))
      this.ask(flight);
  }

  /** Nothing that can be had is good enough: for the right to compute it. */
  ask(flight: Flight): void {
    const isUrgent = this.#startsAtOnce(flight);
    if (!this.#concurrency.admits(flight, isUrgent)) return this.#limit(flight);
    if (!isUrgent && !this.#parts.queue.hasRoomBeside(this.inLine)) return this.#refuse(flight);
    if (this.#tierLeases) this.#tierLeases.ask(flight, isUrgent);
    else this.start(flight);
  }

  /** A waiter that may computes at once, or this thread does; else the flight goes to the pool. */
  #start(flight: Flight): void {
    const leader = flight.leader();
    const isForHere = !leader && this.#isForHere(flight);
    if (!this.#hasSlot(flight, isForHere || leader !== undefined)) return this.#limit(flight);
    if (leader) return this.leadBy(leader, flight);
    if (isForHere) return this.beginHere(flight);
    flight.queue();
    flight.queuedSince = this.#parts.clock.now();
    this.#tierLeases?.queued(flight);
    if (!this.#parts.queue.add(flight, flight.again, flight.hasWaited)) this.#refuse(flight);
  }

  /** What has asked for a lease of the tiers was admitted before. */
  #hasSlot(flight: Flight, atOnce: boolean): boolean {
    if (flight.grant && !atOnce) return true;
    if (flight.grant || flight.isApart) return this.#concurrency.mayBegin(flight);
    return this.#concurrency.admits(flight, atOnce);
  }

  /** It is open: its lease has ended without an outcome, or it has waited for a slot. */
  #goOn(flight: Flight): void {
    if (flight.grant || flight.isApart || !this.#tierLeases) return this.#start(flight);
    const isUrgent = this.#startsAtOnce(flight);
    if (this.#concurrency.admits(flight, isUrgent)) this.#tierLeases.ask(flight, isUrgent);
    else this.#waitForSlot(flight);
  }

  /** There is no slot for it; and there may be no room to wait for one. */
  #limit(flight: Flight): void {
    const mayWait = flight.again || flight.hasWaited;
    if (mayWait || this.#parts.queue.hasRoomToWait(this.inLine)) this.#waitForSlot(flight);
    else this.#refuse(flight);
  }

  /** What a tier has granted goes back meanwhile. */
  #waitForSlot(flight: Flight): void {
    this.#tierLeases?.leave(flight);
    flight.hasWaited = true;
    this.#concurrency.wait(flight, this.#startsAtOnce(flight));
  }

  #open({ fn, key, waiter, refresh, maxAge, priority, args }: Want): Flight {
    const flight = this.#create(fn, key, args);
    flight.under = waiter.parent?.slot;
    flight.refreshes = refresh;
    flight.isForced = refresh;
    if (maxAge !== undefined) flight.maxAge = maxAge;
    flight.rank = rankOf(waiter, priority);
    flight.admit(waiter);
    return flight;
  }

  /** @param stale what answers the call if there is to be no new value */
  #openWith(want: Want, stale: Entry | undefined): Flight {
    const flight = this.#open(want);
    if (!stale) return flight;
    flight.stale = stale;
    flight.refreshes = true;
    this.#parts.staleAnswers.entitle(flight, want.waiter);
    return flight;
  }

  #create(fn: FunctionRecord, key: string, args: Arguments | undefined): Flight {
    const { underway, slots } = this.#of(fn);
    const flight = new Flight(fn, key, underway);
    flight.slots = slots;
    this.#enter(flight);
    flight.since = this.#parts.clock.now();
    flight.args = args;
    return flight;
  }

  #startsAtOnce(flight: Flight): boolean {
    return this.#isForHere(flight) || flight.leader() !== undefined;
  }

  /** Whether the coordinator's own thread computes it, unless a waiter does. */
  #isForHere({ fn, waiters, isNoticedHere }: Flight): boolean {
    if (this.#parts.threads === 0) return true;
    const { thread } = fn.info;
    if (thread !== 'caller') return thread === 'main';
    return isNoticedHere || waiters.some(({ peer }) => !peer);
  }

  #remove(flight: Flight): void {
    const { live } = this.#of(flight.fn);
    if (live.deleteOnly(flight.key, flight)) this.#giveWordBack(flight);
  }

  /** In the place of another one, which has settled, if there is one. */
  #enter(flight: Flight): void {
    const { live } = this.#of(flight.fn);
    const before = live.get(flight.key);
    if (before === flight) return;
    if (before) this.#remove(before);
    live.set(flight.key, flight);
    if (flight.fn.hasWords) this.#takeWord(flight);
  }

  #takeWord(flight: Flight): void {
    flight.word = this.#parts.begun?.take(flight.fn.number, flight.key);
  }

  #giveWordBack(flight: Flight): void {
    if (flight.word !== undefined) this.#parts.begun?.release(flight.word);
    flight.word = undefined;
  }

  #of(fn: FunctionRecord): FlightsOf {
    const known = this.#functions.get(fn);
    if (known) return known;
    const slots = this.#concurrency.slots(fn.info.concurrency);
    const made: FlightsOf = { slots, live: new ChurnMap(), underway: new ChurnMap() };
    this.#functions.set(fn, made);
    return made;
  }
}

/** False when there is no waiter left. */
function answerNext(flight: Flight, its: (waiter: Waiter) => Answer | undefined): boolean {
  const waiter = flight.dismissFirst();
  if (!waiter) return false;
  const answer = its(waiter);
  if (flight.context && flight.context !== waiter.context) waiter.ledBy = flight.context;
  if (answer) waiter.deliver(answer);
  else waiter.ledItself();
  return true;
}

/** Whether it is leased, so that it is not live any more. */
function fence(flight: Flight): boolean {
  flight.outdate();
  const { lease } = flight;
  if (lease) lease.isFenced = true;
  return lease !== undefined;
}

/** No call is answered with the stale values of these flights any more; the flights. */
function withoutStale(live: FlightsOf['live'], key: string | undefined): Flight[] {
  const one = key === undefined ? undefined : live.get(key);
  const all = key === undefined ? [...live.values()] : one ? [one] : [];
  const stale = all.filter((flight) => flight.isRefresh || flight.stale !== undefined);
  for (const flight of stale) {
    flight.stale = undefined;
    flight.isRefresh = false;
  }
  return stale;
}

function queueFull({ fn, fullKey: key }: Flight): QueueFullError {
  const message = `${fn.info.id} was not queued: maxQueue computations wait already`;
  return new QueueFullError(message, { functionId: fn.info.id, key });
}
