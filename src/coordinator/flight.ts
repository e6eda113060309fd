/**
 * The nouns of single flight: flight, waiter, lease, and the thread that holds one.
 *
 * The states of a flight, and its transitions, are in `flight-states.ts`;
 * what a thread does, in `peer.ts`. All of it happens on the coordinator's thread, and no step of it
 * awaits: each message, call or death is handled to its end before the next.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock, Timer } from '../clock.ts';
import type { ComputeEvent } from '../events/channels.ts';
import type { Trace } from '../events/trace.ts';
import type { ChurnMap } from '../order/churn-map.ts';
import type { Rank, RankedLink } from '../order/ranked-lists.ts';
import {
  type Arguments,
  type Encoded,
  type Portable,
  type Priority,
  SHORT_STRETCH,
  type TraceContext,
  type WaitMode,
} from '../protocol.ts';
import { encodeThrown } from '../values/thrown.ts';
import { type At, FlightStates } from './flight-states.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Entry } from './memory.ts';
import { type Part, PartsUsed } from './parts.ts';
import type { PeerOf } from './peer.ts';
import type { Slot, SlotsOf } from './slots.ts';

/** How priorities are compared here. */
export const RANK_OF: Readonly<Record<Priority, Rank>> = { high: 0, normal: 1, low: 2 };

/** What a waiter gets in the end, once. A waiter in a thread may get a lease before. */
export type Answer =
  | {
      readonly state: 'value';
      readonly entry: number;
      readonly value: Portable;
      /** It is stale, and only the caller's thread has the arguments for a refresh. */
      readonly isDue?: boolean;
      /** For computations that track what they use. */
      readonly part?: Part | undefined;
    }
  | Failure;

export interface Failure {
  readonly state: 'failure';
  readonly error: Encoded;
  /** Of an error that is cached, likewise. */
  readonly part?: Part | undefined;
}

/** The answer that carries an error. */
export function failure(error: unknown): Failure {
  return { state: 'failure', error: encodeThrown(error) };
}

/** A call that a flight will answer, on whatever thread its caller is. */
export interface Waiter {
  /** The thread it waits on; `undefined` for the coordinator's own. */
  readonly peer: Peer | undefined;
  readonly mode: WaitMode;
  /** The computation that the call was made from, while that goes on. */
  parent: Lease | undefined;
  /** What it waits for; `undefined` once it was answered or has left. */
  flight: Flight | undefined;
  /** Its index among the flight's waiters. */
  place: number;
  /** How many invalidations of tags there had been when it asked, by the coordinator; see `tag-log.ts`. */
  asked?: number;
  /** Whether a stale value answers it if there is to be no new one, or none soon. */
  takesStale?: StaleAnswer;
  /** What its tracer wants carried to the computation. */
  readonly context?: TraceContext | undefined;
  /** Set before it is answered: the `context` of the call that the computation was begun for, if not for it. */
  ledBy?: TraceContext | undefined;
  deliver(answer: Answer): void;
  /** Only for waiters with a peer: compute it yourself, or if `mode` is `wait`, after all. */
  lead(lease: number): void;
  /** It has computed it, and answered its caller itself. */
  ledItself(): void;
  /** The computation that it was made from was abandoned: it leaves, and its thread is not asked. */
  forsaken(): void;
  /** Only on the coordinator's own thread: runs code in the asynchronous context of the call. */
  inContext?<T>(run: () => T): T;
}

/** `soon`: the stale value answers it after `softTimeout`, so its own thread is not to compute. */
export type StaleAnswer = 'no' | 'if it fails' | 'soon';

/** A call that found nothing in memory. */
export interface Want {
  readonly fn: FunctionRecord;
  readonly key: string;
  readonly waiter: Waiter;
  /** Do not ask the tiers either: the value is to be computed. */
  readonly refresh: boolean;
  /** Milliseconds: no value that was computed longer ago will do. Default: any. */
  readonly maxAge?: number | undefined;
  /** The caller's own. */
  readonly priority?: Priority | undefined;
  /** When the caller's thread does not compute, and the flight has none yet. */
  readonly args: Arguments | undefined;
}

/** Milliseconds that anything waits at most for a thread that may be needed otherwise. */
export const MOST_PATIENCE = 5000;

/** One computation that is wanted and not yet settled. */
export class Flight extends FlightStates<Lease, RankedLink<Flight>> {
  readonly fn: FunctionRecord;
  /** Of the arguments. */
  readonly key: string;
  /** For one waiter alone: no other call joins it, and its value is not kept. */
  readonly isApart: boolean;
  #waiters: Waiter[] = [];
  /** Of a flight that has ended: so many of them are gone. */
  #dismissed = 0;
  /** There whenever a waiter is on the coordinator's own thread. */
  args: Arguments | undefined;
  /** By the clock: when it was opened. */
  since = 0;
  /** The highest of its waiters', and of what waits for it through others; see `priorities.ts`. */
  rank: Rank = RANK_OF.normal;
  /** It had a thread before: it goes first among those of its rank. */
  again = false;
  /** Those of its function, if they are limited. */
  slots: Slots | undefined;
  /** Those of the computations that it was called from. */
  under: Slot | undefined;
  /** It has waited for a slot: what is full later does not refuse it. */
  hasWaited = false;
  /** It was counted. */
  hasMissed = false;
  /** If it waited for a slot, it would wait for itself. */
  mayExceed = false;
  /** The word by which no thread begins its key, see `begun.ts`. */
  word: number | undefined;
  /** Threads that it may have taken down. */
  deaths = 0;
  /** Threads that died under it and were not taken down by it, as far as is known. */
  losses = 0;
  /** Threads that were replaced under it, for what else was in them. */
  displaced = 0;
  /** Calls that have cost it a thread, by their keys: they are not computed again for it. */
  costly: Map<string, Answer> | undefined;
  /** It may stand against an older value, which must not stay if the new one is not kept. */
  refreshes = false;
  /** A call accepts nothing that is cached. */
  isForced = false;
  /** Milliseconds: what a tier has is of no use if it is older; see `with({ maxAge })`. */
  maxAge = Number.POSITIVE_INFINITY;
  /** What is to be replaced, and still answers those that take it; see `refreshes.ts`. */
  stale: Entry | undefined;
  /** It goes on without a waiter, until its stale value is dead. */
  isRefresh = false;
  /** Of a refresh: the thread that has noticed that it is needed, and computes it. It is no call. */
  noticedBy: Waiter | undefined;
  /** The coordinator's own thread has noticed that it is needed. */
  isNoticedHere = false;
  /** It was counted as one. */
  wasRefreshed = false;
  /** One of its waiters was counted as a miss. */
  isCounted = false;
  /** By the clock: when it was queued. */
  queuedSince: number | undefined;
  /** Of one of its waiters: the leader, or one that is there when its task is given out. */
  context: TraceContext | undefined;

  constructor(
    fn: FunctionRecord,
    key: string,
    underway: ChurnMap<number, Flight>,
    isApart = false,
  ) {
    super(underway);
    this.fn = fn;
    this.key = key;
    this.isApart = isApart;
  }

  protected override entered(from: At, to: At): void {
    this.slots?.moved(from, to);
  }

  /** With the function id. */
  get fullKey(): string {
    return keyOf(this.fn.info.id, this.key);
  }

  /** A waiter that has left has given its place to the last. */
  get waiters(): readonly Waiter[] {
    return this.#waiters;
  }

  /** Whether a call waits for it. */
  get isCalled(): boolean {
    return this.#waiters.some((waiter) => waiter !== this.noticedBy);
  }

  /** How many calls wait for it. */
  get calls(): number {
    const { noticedBy } = this;
    return this.#waiters.length - (noticedBy && this.#waiters.includes(noticedBy) ? 1 : 0);
  }

  /** Whether a call in another thread computes the value itself, rather than wait for it. */
  isLedBy({ mode, takesStale }: Waiter): boolean {
    return mode !== 'wait' && this.fn.info.thread !== 'main' && takesStale !== 'soon';
  }

  /**
   * The waiter that computes it when it is to start; none, if the pool or the coordinator's own thread should. A thread that is blocked by
   * another call would keep all others waiting; if only its call has the arguments, it hands them over.
   */
  leader(): Waiter | undefined {
    const isFree = (waiter: Waiter) =>
      this.isLedBy(waiter) && waiter.peer?.blocking.size === (waiter.mode === 'block' ? 1 : 0);
    const free = this.#waiters.find(isFree);
    return free ?? (this.args ? undefined : this.#waiters.find((waiter) => this.isLedBy(waiter)));
  }

  admit(waiter: Waiter): void {
    waiter.flight = this;
    waiter.place = this.#waiters.push(waiter) - 1;
    waiter.parent?.waitsWith(waiter);
  }

  /** Takes constant time, however many wait: ten thousand callers may share one abort signal. */
  release(waiter: Waiter): void {
    const last = this.#waiters.pop();
    if (last && last !== waiter) {
      this.#waiters[waiter.place] = last;
      last.place = waiter.place;
    }
    letGo(waiter);
    if (this.#waiters.length === 0) this.letSleep();
  }

  /** Releases all waiters, and returns them. */
  dismiss(): Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) letGo(waiter);
    return waiters;
  }

  /** Releases those that have asked after more invalidations of tags than so many, and returns them in their order. */
  releaseLater(since: number): Waiter[] {
    const isLater = (waiter: Waiter) => (waiter.asked ?? 0) > since;
    const later = this.#waiters.filter(isLater);
    if (later.length === 0) return later;
    this.#waiters = this.#waiters.filter((waiter) => !isLater(waiter));
    for (const [place, waiter] of this.#waiters.entries()) waiter.place = place;
    for (const waiter of later) letGo(waiter);
    return later;
  }

  /** Releases the first waiter of a flight that has ended. Those that are left may leave meanwhile. */
  dismissFirst(): Waiter | undefined {
    const first = this.#waiters[this.#dismissed];
    if (!first) return undefined;
    this.#dismissed++;
    letGo(first);
    return first;
  }
}

function letGo(waiter: Waiter): void {
  waiter.flight = undefined;
  waiter.parent?.waitIsOver(waiter);
}

/** The right to compute a flight, held by one thread. */
export class Lease {
  /** Never used twice in a process. */
  readonly id: number;
  readonly flight: Flight;
  /** The waiter that computes it for itself; `undefined` for a task of the pool. */
  readonly leader: Waiter | undefined;
  readonly peer: Peer;
  /** `told`: its last waiter has left; `overdue`: and it has not stopped in time. */
  cancelled: 'no' | 'told' | 'overdue' = 'no';
  /** An `expire` came since it was granted: its value is stale at once. */
  isExpired = false;
  /** An invalidation came since it was granted: its value answers those who asked before, and is not kept. */
  isFenced: boolean;
  /** How many invalidations of tags there had been when it was granted; see `tag-log.ts`. */
  since = 0;
  /** When it was granted, in milliseconds since 1970; of a function with tags only. */
  grantedAt = 0;
  /** Milliseconds of work that it counts for in its thread, see `queue.ts`. */
  expectedMs = 0;
  /** How many its thread had been sent for its calls, this one included; 0 for a task. */
  nth = 0;
  /** How many messages its thread had been sent with this one; 0 for a task. */
  mail = 0;
  /**
   * Its thread was blocked before it could start this, and will give it back. Until then the flight
   * waits for nothing that the thread waits for.
   */
  comesBack = false;
  /** The thread's cell that decides whether a task can be taken back; 0 for what is no task. */
  cell = 0;
  /** Its slot and those that it is called under; see `slots.ts`. */
  slot: Slot | undefined;
  /** The one of its own function that it uses. */
  used: Slot | undefined;
  /** Milliseconds: the longest that what its calls had computed in this thread has kept it. */
  nestedStretch = 0;
  /** When its function's `hardTimeout` is over. */
  limit: Timer | undefined;
  /** It was, and the computation goes on: what its waiters got, and those of them that its thread computes. */
  timedOut: { readonly answer: Answer; readonly callers: readonly Lease[] } | undefined;
  /** It was to stop for that, and could not be stopped. */
  hasOverrun = false;
  /** What it was made of, if its function tracks that. */
  readonly parts: PartsUsed | undefined;
  /** Only while there are subscribers. */
  trace: Trace<ComputeEvent> | undefined;
  #calls: Set<Waiter> | undefined;
  /** Its thread has told so, and no call from here has waited since. */
  #isAwaiting = false;
  /** Milliseconds: what was told of it last when it awaited something. */
  #toldStretch: number | undefined;
  /** Until its thread is free while it awaits. */
  #patience: Timer | undefined;

  constructor(id: number, flight: Flight, peer: Peer, leader: Waiter | undefined) {
    this.id = id;
    this.flight = flight;
    this.peer = peer;
    this.leader = leader;
    this.isFenced = flight.isApart;
    this.parts = flight.fn.info.tracks ? new PartsUsed() : undefined;
    peer.begins(this);
  }

  /** Calls made from this computation that wait for another. */
  get calls(): Iterable<Waiter> {
    return this.#calls ?? [];
  }

  /** Whether there are any. */
  get isWaiting(): boolean {
    return this.#calls !== undefined && this.#calls.size > 0;
  }

  /** As far as is known, its thread is busy with it. */
  get isActive(): boolean {
    return !this.isWaiting && !this.#isAwaiting;
  }

  /** Not all of its time was its thread's. */
  get hasAwaited(): boolean {
    return this.#toldStretch !== undefined;
  }

  /**
   * Milliseconds of its own in which it kept no thread; `undefined` when it kept one all the time.
   * @param stretch the longest that it kept its thread, which is 0 when that is not long
   */
  awaitedOf(ms: number, stretch: number): number | undefined {
    if (this.#toldStretch === undefined) return undefined;
    return Math.max(0, ms - Math.max(stretch, this.#toldStretch));
  }

  /**
   * Its thread has told that it awaits something else than a call. That it goes on is not told: so its
   * thread is free for other work at once only if its function keeps it for a moment at most. Else it is when
   * nothing was told for as long as it might keep the thread: what it awaits may need what is in the queue. A
   * computation that may have taken a thread down has the next one to itself for longer: who is beside it
   * would be blamed, too.
   */
  awaits(stretch: number, clock: Pick<Clock, 'after'>): void {
    const { fn, deaths } = this.flight;
    fn.awaited(stretch, !this.hasAwaited);
    this.#toldStretch = stretch;
    this.#patience?.cancel();
    const isFree = fn.isShort && deaths === 0;
    this.#letsThread(isFree);
    if (isFree || this.isWaiting) return;
    const ms = deaths > 0 ? MOST_PATIENCE : Math.max(stretch, fn.stretchMs ?? 0, SHORT_STRETCH);
    this.#patience = clock.after(Math.min(ms, MOST_PATIENCE), () => this.#letsThread(true));
  }

  #letsThread(isFree: boolean): void {
    this.peer.expects(this, isFree ? 0 : SHORT_STRETCH);
    if (!this.isWaiting) this.#setAwaiting(isFree);
  }

  #setAwaiting(isAwaiting: boolean): void {
    if (this.#isAwaiting === isAwaiting) return;
    this.#isAwaiting = isAwaiting;
    if (isAwaiting) this.peer.awaits();
    else this.peer.awaitsNoMore();
  }

  /** Its thread has told how long the computation has kept it: that counts for its callers there, too. */
  keptThread(stretch: number): void {
    const ms = Math.max(stretch, this.nestedStretch);
    // What was told before has counted.
    if (ms !== this.#toldStretch) this.flight.fn.keptThread(ms);
    const caller = this.leader?.parent;
    if (caller && ms > caller.nestedStretch) caller.nestedStretch = ms;
  }

  /** So it has started. */
  makesCalls(): void {
    this.comesBack = false;
    this.flight.fn.makesCalls();
  }

  /** A call from here starts to wait. */
  waitsWith(call: Waiter): void {
    this.#patience?.cancel();
    this.#setAwaiting(false);
    this.#calls ??= new Set();
    if (this.#calls.size === 0) this.peer.pauses();
    this.#calls.add(call);
    this.peer.canTakeMore();
  }

  waitIsOver(call: Waiter): void {
    if (this.#calls?.delete(call) && this.#calls.size === 0) this.peer.goesOn();
  }

  endLimit(): void {
    this.limit?.cancel();
    this.limit = undefined;
  }

  end(): void {
    this.endLimit();
    this.#patience?.cancel();
    this.#setAwaiting(false);
    const { isWaiting } = this;
    for (const call of this.calls) call.parent = undefined;
    this.#calls = undefined;
    this.peer.ends(this, isWaiting);
  }
}

/** Of one function whose `concurrency` is limited. */
export type Slots = SlotsOf<Lease, Flight>;

/** A worker thread, as everything but `peer.ts` sees it. */
export type Peer = Readonly<PeerOf<Lease, Waiter>>;
