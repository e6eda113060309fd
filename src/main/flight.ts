/**
 * The nouns of single flight: flight, waiter, lease, and the thread that holds one.
 *
 * Who may write what: `coordinator.ts` opens and settles flights; `waiting.ts` and `unfinished.ts`
 * move waiters; `leases.ts` grants and ends leases. All of it happens on the coordinator's thread, and no step of it awaits:
 * each message, call or death is handled to its end before the next.
 */

import type { Timer } from '../clock.ts';
import type { Link } from '../linked-list.ts';
import type { Arguments, Encoded, Portable, ToThread, WaitMode } from '../protocol.ts';
import { keyOf } from '../registry.ts';
import type { TierLease } from '../tiers/tier.ts';
import type { FunctionRecord } from './function-record.ts';

/** What a waiter gets in the end, once. A waiter in a thread may get a lease before. */
export type Answer =
  | { readonly state: 'value'; readonly entry: number; readonly value: Portable }
  | { readonly state: 'failure'; readonly error: Encoded };

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
  deliver(answer: Answer): void;
  /** Only for waiters with a peer: compute it yourself, or if `mode` is `wait`, after all. */
  lead(lease: number): void;
  /** It has computed it, and answered its caller itself. */
  ledItself(): void;
}

export type Phase =
  /**
   * The tiers are asked: for the value, then for the right to compute it, which another process may
   * have. `discard`: what they say is not wanted any more.
   */
  | { readonly at: 'probing'; discard: boolean }
  | { readonly at: 'queued' }
  | { readonly at: 'leased'; readonly lease: Lease }
  /** Its lease has ended without an outcome; it is about to be settled or started again. */
  | { readonly at: 'orphaned' }
  | { readonly at: 'settled' };

export const QUEUED: Phase = { at: 'queued' };
export const ORPHANED: Phase = { at: 'orphaned' };
export const SETTLED: Phase = { at: 'settled' };

/** Where a flight stands toward other processes, see `tier-leases.ts`. */
export type Turn =
  | { readonly at: 'line'; readonly link: Link<Flight> }
  | { readonly at: 'asking' }
  /** Another process computes it. */
  | { readonly at: 'held'; readonly leave: () => void; patience: Timer }
  | { readonly at: 'granted'; readonly lease: TierLease };

/** One computation that is wanted and not yet settled. */
export class Flight {
  readonly fn: FunctionRecord;
  /** Of the arguments. */
  readonly key: string;
  #waiters: Waiter[] = [];
  /** There whenever a waiter is on the coordinator's own thread. */
  args: Arguments | undefined;
  /** Its place in the backlog, while it waits there. */
  queued: Link<Flight> | undefined;
  /** None before it asks for one, when no tier leases, and when it goes on without. */
  turn: Turn | undefined;
  /** It had a thread before: it goes first. */
  again = false;
  /** Threads that died computing it. */
  deaths = 0;
  /** It may stand against an older value, which must not stay if the new one is not kept. */
  refreshes = false;
  /** Invalidated while leased: answers those who asked before, and is not stored anywhere. */
  fenced = false;
  /** For one waiter alone: it stays so, and fenced. */
  isApart = false;
  #phase: Phase = SETTLED;
  readonly #underway: Set<Flight>;

  /** `underway` has the flights of its function that probe or are leased; the flight keeps it so. */
  constructor(fn: FunctionRecord, key: string, underway: Set<Flight>) {
    this.fn = fn;
    this.key = key;
    this.#underway = underway;
  }

  /** With the function id. */
  get fullKey(): string {
    return keyOf(this.fn.info.id, this.key);
  }

  get phase(): Phase {
    return this.#phase;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    if (phase.at === 'probing' || phase.at === 'leased') this.#underway.add(this);
    else this.#underway.delete(this);
  }

  /** A waiter that has left has given its place to the last. */
  get waiters(): readonly Waiter[] {
    return this.#waiters;
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
  }

  /** Releases all waiters, and returns them. */
  dismiss(): Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) letGo(waiter);
    return waiters;
  }

  get lease(): Lease | undefined {
    return this.#phase.at === 'leased' ? this.#phase.lease : undefined;
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
  /** `told`: nobody wants it any more; `overdue`: and it has not stopped in time. */
  cancelled: 'no' | 'told' | 'overdue' = 'no';
  #expectedMs = 0;
  /** How many its thread had been sent for its calls, this one included; 0 for a task. */
  nth = 0;
  /**
   * Its thread was blocked before it could start this, and will give it back. Until then the flight
   * waits for nothing that the thread waits for.
   */
  comesBack = false;
  /** The thread's cell that decides whether a task can be taken back; 0 for what is no task. */
  cell = 0;
  #calls: Set<Waiter> | undefined;

  constructor(id: number, flight: Flight, peer: Peer, leader: Waiter | undefined) {
    this.id = id;
    this.flight = flight;
    this.peer = peer;
    this.leader = leader;
    peer.leases.add(this);
    peer.active++;
  }

  /** Calls made from this computation that wait for another. */
  get calls(): Iterable<Waiter> {
    return this.#calls ?? [];
  }

  /** So it has started. */
  makesCalls(): void {
    this.comesBack = false;
    this.flight.fn.makesCalls();
  }

  /** A call from here starts to wait. */
  waitsWith(call: Waiter): void {
    this.#calls ??= new Set();
    if (this.#calls.size === 0) this.peer.active--;
    this.#calls.add(call);
    this.peer.canTakeMore();
  }

  waitIsOver(call: Waiter): void {
    if (this.#calls?.delete(call) && this.#calls.size === 0) this.peer.active++;
  }

  /** Milliseconds of work that it counts for in its thread, see `dispatcher.ts`. */
  expects(ms: number): void {
    this.peer.expectedMs += ms - this.#expectedMs;
    this.#expectedMs = ms;
  }

  end(): void {
    const waits = this.#calls !== undefined && this.#calls.size > 0;
    for (const call of this.calls) call.parent = undefined;
    this.#calls = undefined;
    this.peer.leases.delete(this);
    if (!waits) this.peer.active--;
    this.expects(0);
    this.peer.canTakeMore();
  }
}

/** A worker thread, as the coordinator sees it. */
export interface Peer {
  readonly leases: Set<Lease>;
  /** Its calls that wait, by the number that the thread gave them. */
  readonly calls: Map<number, Waiter>;
  /** Leases whose computation does not wait for another one. */
  active: number;
  /** The sum over its leases. */
  expectedMs: number;
  /** It has died; nothing it said counts any more. */
  gone: boolean;
  /** Its death is our doing, and is no fault of what it computes. */
  replaced: boolean;
  post(message: ToThread): void;
  /** Tells the number of a function, unless that was done before. */
  tellOf(fn: FunctionRecord): void;
  /** Calls that the thread is blocked by: more than one, if an abort listener has made the last. */
  readonly blocking: Set<Waiter>;
  /** Leases that it was sent for its own calls, so far. */
  leads: number;
  /** It has less to do than before. Set by whoever hands out tasks. */
  canTakeMore(): void;
  /** Whether it can be handed one more task now. */
  readonly hasRoom: boolean;
  /** Makes a task of a lease, to be handed over with others, and started in this order. */
  prepare(lease: Lease): void;
  handOver(): void;
  /** False if the thread has started it; otherwise it never will. */
  takeBack(lease: Lease): boolean;
  /** Ends the thread; the pool starts another. */
  terminate(): void;
}
