/**
 * A whole pool in one thread: the real coordinator, memory, backlog and tier chain; around them
 * threads, a tier and time that do only what a schedule tells them.
 *
 * Every value is the number of the lease that computed it. So the world can tell for each answer
 * and each entry when its computation started, and whether an invalidation came after that.
 */

import assert from 'node:assert/strict';
import type { ArenaShare } from '../../src/arena/layout.ts';
import { inCell, TURN } from '../../src/arena/lease-numbers.ts';
import { ArenaReader } from '../../src/arena/reader.ts';
import type { BegunKeys } from '../../src/coordinator/begun.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Answer, Flight, Lease, Waiter } from '../../src/coordinator/flight.ts';
import type { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import { notePart } from '../../src/coordinator/parts.ts';
import { PeerOf } from '../../src/coordinator/peer.ts';
import { PoolClosedError, TimeoutError, WorkerLostError } from '../../src/errors.ts';
import { receive } from '../../src/pool/receive.ts';
import {
  type CacheAccess,
  type FunctionInfo,
  OUTSIDE,
  type PartRead,
  type Portable,
  type Priority,
  SHORT_STRETCH,
  type ToCoordinator,
  type ToThread,
  type WaitMode,
} from '../../src/protocol.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierRecord } from '../../src/tiers/tier.ts';
import { toEncoded } from '../../src/values/portable.ts';
import { decodeThrown, encodeThrown } from '../../src/values/thrown.ts';
import { FakeClock } from '../fake-clock.ts';
import { Faults, InjectedError, withMemoryFaults, withTierFaults } from './faults.ts';
import { OtherProcess } from './other-process.ts';

/** `m` is computed on the coordinator's own thread, and `c` on the thread of its caller. */
export const FUNCTIONS = ['f', 'g', 'm', 'c'];
export const ARGUMENTS = ['1', '2', '3'];
/** Those of them whose values have tags, which are known when they are. */
const TAGGED = new Set(['f', 'm']);
/** All values of `f` have this one, and each that of its argument, as those of `m` have. */
export const COMMON_TAG = 'common';
const THREADS = 2;
const ATTEMPTS = 2;
/** Milliseconds for which deaths are. */
const REMEMBERED_FOR = 60_000;
/** A lease that no computation has here. */
const ENDED_LONG_AGO = 2 ** 30;
/** Before most schedules are over a turn of the leases' numbers is. */
const LAST_ID = TURN - 10;
const BYTES = { maxSize: 2 ** 16, maxEntrySize: 1000 };
const LIMITS = { max: 4, ...BYTES };
/** In front of a tier, so little that most keys are in the tier only. */
const FEW = { max: 1, ...BYTES };
const TTL = 100;
/** In a world in which values may be stale. */
const FRESHNESS = {
  staleWhileRevalidate: 40,
  staleIfError: 150,
  errorBackoff: 20,
  refreshAhead: 0,
} as const;
const WINDOW = FRESHNESS.staleIfError;
/** Milliseconds that a computation may take, where that is limited. */
const HARD = 50;
export const CONCURRENCY = 1;
/** So short that several are handed over at once; and so long that it goes alone. */
const TINY_MS = 0.01;
export const SHORT_MS = 0.4;
/** Tasks that a thread can have been handed and not have started. */
const ROOM = 4;

const ALIVE = new Set(['probing', 'limited', 'in line', 'asking', 'held', 'queued', 'leased']);
const FAILURES = new Set(['WorkerLostError', 'CycleError', 'ThreadError', 'Error', 'TimeoutError']);

/** A caller, as its own thread sees it. */
export interface Caller {
  readonly key: string;
  readonly fn: string;
  readonly asked: number;
  /** When, by the clock. */
  readonly at: number;
  readonly peer: FakePeer | undefined;
  readonly mode: WaitMode;
  readonly call: number;
  readonly waiter: Waiter | undefined;
  /** The lease of the computation that it was made from. */
  readonly parent: number | undefined;
  state: 'waiting' | 'answered' | 'left';
  /** It computes for itself. */
  leads: number | undefined;
}

/** A computation that runs in some thread. */
export interface Running {
  readonly lease: number;
  readonly fn: string;
  readonly key: string;
  readonly started: number;
  readonly leader: Caller | undefined;
  /** If it fails, its leader is answered by another message. */
  hasStale?: boolean;
  peer: FakePeer | undefined;
  cancelled: boolean;
  /**
   * It occupies its thread, which reads nothing meanwhile: until it ends, or without ever coming to
   * an end. Whether the thread can tell that it is this one is said by `isKnown`.
   */
  occupies: 'not' | { readonly isKnown: boolean; readonly isEndless: boolean };
  /**
   * Its thread has told that it awaits something else than a call; or a call was made since. One that may keep
   * the thread for long is taken to await it from then on.
   */
  hasTold: 'no' | 'yes' | 'perhaps' | { readonly freeAt: number };
  /** By the clock. */
  readonly since: number;
  finished: number | undefined;
  /** What its thread has read by itself for it, where that is tracked. */
  readonly reads?: PartRead[];
}

export class FakePeer extends PeerOf<Lease, Waiter> {
  /** Tasks that were handed over, and what of them was not started or taken back yet. */
  readonly handed: Lease[] = [];
  readonly threadId: number = 1;
  /** Calls that block it, and what they compute, the innermost last. */
  readonly stack: Caller[] = [];
  /** What it was sent and has not read yet. */
  readonly inbox: ToThread[] = [];
  /** Leases for its calls that it has read. */
  handled = 0;
  #prepared: Lease[] = [];
  /** Tasks that could not be sent. */
  readonly #notSent = new Set<Lease>();
  readonly #sent: (peer: FakePeer, message: ToThread) => void;
  readonly #die: (peer: FakePeer) => void;
  readonly #faults: Faults;

  constructor(
    sent: (peer: FakePeer, message: ToThread) => void,
    die: (peer: FakePeer) => void,
    faults: Faults,
  ) {
    super();
    this.#sent = sent;
    this.#die = die;
    this.#faults = faults;
  }

  /** Messages that it was sent. */
  mail = 0;
  endedBy = 0;
  /** What occupies it. */
  occupant: Running | undefined;

  tellOf(): void {}

  hasRead(mail: number): boolean {
    return this.mail - this.inbox.length >= mail;
  }

  get running(): number {
    const { occupies = 'not', lease = 0 } = this.occupant ?? {};
    return occupies !== 'not' && occupies.isKnown ? inCell(lease) : 0;
  }

  post(message: ToThread): void {
    assert(!this.gone, 'a message was sent to a dead thread');
    if (!this.#faults.trips('post')) return this.#deliver(message);
    // As `ThreadPeer` does.
    if ('type' in message && message.type === 'value') {
      const error = encodeThrown(new InjectedError('post'));
      return this.#deliver({ type: 'failure', call: message.call, error });
    }
    this.excuse();
    this.#die(this);
  }

  #deliver(message: ToThread): void {
    this.#sent(this, message);
    this.mail++;
    this.inbox.push(message);
  }

  terminate(): void {
    const leases = [...this.leases];
    assert(
      leases.some(({ cancelled }) => cancelled === 'overdue'),
      'a thread is replaced for nothing',
    );
    const wanted = leases.filter(({ cancelled }) => cancelled === 'no');
    assert(
      wanted.length === 0 || this.inbox.length > 0,
      'a thread that reads its messages is replaced, and something is wanted there',
    );
    assert(
      wanted.every(({ id }) => inCell(id) !== this.running),
      'a thread is replaced that is known to be busy with what is wanted',
    );
    this.#die(this);
  }

  get hasRoom(): boolean {
    return this.handed.length + this.#prepared.length < ROOM;
  }

  prepare(lease: Lease): void {
    lease.cell = 1;
    this.#prepared.push(lease);
  }

  handOver(): void {
    assert(this.#prepared.length > 0, 'nothing was handed over');
    const leases = this.#prepared.splice(0);
    if (this.#faults.trips('hand-over')) {
      for (const lease of leases) this.#notSent.add(lease);
      throw new InjectedError('hand-over');
    }
    this.handed.push(...leases);
  }

  takeBack(lease: Lease): boolean {
    if (this.#notSent.delete(lease)) return true;
    const at = this.handed.indexOf(lease);
    if (at >= 0) this.handed.splice(at, 1);
    return at >= 0;
  }
}

/** The coordinator's own thread: it blocks for nothing, cannot be ended, and is told things at once. */
class OwnPeer extends FakePeer {
  readonly #cancelled: (lease: number) => void;

  constructor(cancelled: (lease: number) => void) {
    const never = () => assert.fail("the coordinator's own thread is sent messages");
    super(never, never, new Faults());
    this.#cancelled = cancelled;
  }

  override post(message: ToThread): void {
    assert('type' in message && message.type === 'cancel', 'a message to the own thread');
    this.#cancelled(message.lease);
  }

  override terminate(): void {}
}

/** The answer is in its thread's inbox. */
function isAnswered({ peer, call }: Caller): boolean {
  return (peer?.inbox ?? []).some(
    (message) =>
      'type' in message &&
      (message.type === 'value' || message.type === 'failure') &&
      message.call === call,
  );
}

/** It is answered, or a thread computes it: it has started its task, or is to know that it leads. */
function hasBegun({ state }: Flight): boolean {
  if (state.at === 'settled') return true;
  if (state.at !== 'leased') return false;
  const { lease } = state;
  return lease.leader !== undefined || !(lease.peer as FakePeer).handed.includes(lease);
}

function tagsOf(fn: string, argument: string): string[] {
  if (fn === 'f') return [argument, COMMON_TAG];
  return TAGGED.has(fn) ? [argument] : [];
}

/** It never comes to an end. */
export function isEndless({ occupies }: Running): boolean {
  return occupies !== 'not' && occupies.isEndless;
}

/** Its thread has yet to read that the computation that it was made from was abandoned. */
function isForsaken({ peer, parent }: Caller): boolean {
  return (peer?.inbox ?? []).some(
    (message) => 'type' in message && message.type === 'cancel' && message.lease === parent,
  );
}

export class World {
  readonly clock = new FakeClock();
  readonly faults = new Faults();
  readonly limits: typeof LIMITS;
  readonly memory: Memory;
  readonly coordinator: Coordinator;
  readonly callers: Caller[] = [];
  readonly running = new Map<number, Running>();
  readonly ended: Running[] = [];
  peers: FakePeer[] = [];
  readonly own = new OwnPeer((lease) => {
    const running = this.running.get(lease);
    if (running) running.cancelled = true;
  });
  readonly deadPeers: FakePeer[] = [];
  /** Threads that the coordinator has had replaced; they die at the schedule's next step. */
  readonly doomed = new Set<FakePeer>();
  readonly tierWaits: (() => void)[] = [];
  /** Calls of the main thread that were not to begin any more. */
  readonly #withdrawn = new Set<Caller>();
  /** Their threads were blocked since: what they wait for was left to others. */
  readonly #satOut = new Set<Caller>();
  readonly #startOf = new Map<number, Running>();
  /** By key: threads that have died under it, and those of them that it may have taken down. */
  readonly #died = new Map<string, number>();
  readonly #suspected = new Map<string, number>();
  /** By key: threads that it is known to have taken down since one survived it, and the last when. */
  readonly #fatal = new Map<string, { readonly threads: number; readonly at: number }>();
  readonly #invalidated = new Map<string, number[]>();
  /** Another process shares its tier, which leases. */
  readonly other: OtherProcess | undefined;
  readonly withTier: boolean;
  /** Its functions have a `concurrency`. */
  readonly isLimited: boolean;
  /** All of its functions but `f` have a `hardTimeout`. */
  readonly isTimed: boolean;
  /** All of its functions `track`. */
  readonly isTracked: boolean;
  /** With that: how threads read memory by themselves, what each value was made of, and those that were not to be kept. */
  readonly #reader: ArenaReader | undefined;
  readonly #partsOf = new Map<number, number[]>();
  readonly #unkept = new Set<number>();
  /** For how long after its `ttl` a value may be answered. */
  readonly window: number;
  /** Leases whose computations took too long. */
  readonly #timedOut = new Set<number>();
  #lastOfOther = 1_000_000;
  #isSweeping = false;
  #lastPrimed = 2_000_000;
  step = 0;
  #lastCall = 0;

  /** @param atOnce the tier answers a `get` without waiting */
  constructor(options: {
    withTier: boolean;
    withOther?: boolean;
    /** What threads begin by themselves: only forced schedules do. */
    begun?: BegunKeys;
    atOnce?: boolean;
    limited?: boolean;
    stale?: boolean;
    timed?: boolean;
    tracked?: boolean;
  }) {
    const { withTier, withOther = false, atOnce = false, limited = false, timed = false } = options;
    this.window = options.stale ? WINDOW : 0;
    this.isTimed = timed;
    this.isTracked = options.tracked ?? false;
    this.isLimited = limited;
    this.withTier = withTier || withOther;
    this.limits = this.withTier ? FEW : LIMITS;
    this.memory = withMemoryFaults(new Memory(this.limits, this.clock), this.faults);
    const turn = () => new Promise<void>((resolve) => this.tierWaits.push(resolve));
    this.other = withOther ? new OtherProcess(turn, () => this.clock.date()) : undefined;
    const tier = this.other?.tier() ?? (withTier ? slowTier(turn, atOnce) : undefined);
    const tiers = new TierChain(tier ? [withTierFaults(tier, this.faults)] : []);
    this.coordinator = new Coordinator({
      clock: this.clock,
      memory: this.memory,
      tiers,
      supply: { want: () => {}, spare: () => 0, replaces: () => false },
      attempts: ATTEMPTS,
      maxQueue: Number.POSITIVE_INFINITY,
      threads: THREADS,
      own: this.own,
      lastId: LAST_ID,
      ...(options.begun && { begun: options.begun }),
    });
    for (let n = 0; n < THREADS; n++) this.#spawn();
    if (!this.isTracked) return;
    const { share, slot } = this.memory.readers.join() as CacheAccess;
    this.#reader = new ArenaReader(share as ArenaShare, slot);
  }

  fn(id: string): FunctionRecord {
    const max = id === 'g' ? 2 : Number.POSITIVE_INFINITY;
    const thread = id === 'm' ? 'main' : id === 'c' ? 'caller' : undefined;
    const where = {
      ...(thread && { thread }),
      ...(this.isLimited && { concurrency: CONCURRENCY }),
      ...(this.isTimed && id !== 'f' && { hardTimeout: HARD }),
      ...(TAGGED.has(id) && { isTagged: true }),
      ...(this.window > 0 && { freshness: FRESHNESS }),
      ...(this.isTracked && { isTagged: true, tracks: true }),
    };
    const module = `file:///${id}.js`;
    return this.coordinator.define({ id, module, max, versioned: true, ...where } as FunctionInfo);
  }

  /** A call on the coordinator's thread; from one of the computations that go on there, or from none. */
  callLocally(fn: string, argument: string, refresh: boolean, priority?: Priority, from = 0): void {
    const here = [...this.running.values()].filter(({ peer }) => peer === this.own);
    const computation = here[from % (here.length + 1)];
    // Its calls fail at once.
    if (computation?.cancelled) return;
    const parent = computation && this.coordinator.computation(computation.lease);
    parent?.makesCalls();
    const key = `${fn}(${argument})`;
    const waiter: Waiter = {
      peer: undefined,
      mode: 'wait',
      parent,
      flight: undefined,
      place: 0,
      deliver: (answer) => {
        // As `LocalSide`: it may have left, or have been answered, while its turn came.
        if (caller.state !== 'waiting' && this.#withdrawn.has(caller)) return;
        notePart(parent, answer.part);
        this.#answered(caller, answer);
        this.faults.at('deliver');
      },
      ledItself: () => assert.fail('led by the main thread'),
      lead: () => assert.fail('a lease was offered to the main thread'),
      forsaken: () => {
        assert(parent, 'a call that is made from no computation');
        caller.state = 'left';
      },
    };
    const local = { peer: undefined, mode: 'wait', call: 0, parent: computation?.lease } as const;
    const caller = this.#caller({ key, fn, waiter, ...local });
    try {
      const entry = refresh
        ? undefined
        : this.coordinator.hit(this.fn(fn), argument, undefined, parent);
      if (entry && this.coordinator.isStale(entry))
        this.coordinator.refresh(this.fn(fn), argument, [argument], true);
      if (entry)
        return this.#answered(caller, { state: 'value', entry: entry.id, value: entry.value });
      const args = [argument];
      this.coordinator.want({ fn: this.fn(fn), key: argument, waiter, refresh, priority, args });
    } catch (error) {
      // As `LocalSide` does.
      if (!(error instanceof InjectedError)) throw error;
      this.coordinator.leave(waiter);
      caller.state = 'answered';
    }
  }

  /** A call in a thread; from one of the computations that go on there, or from none. */
  claim(
    peer: FakePeer,
    wanted: WaitMode,
    fn: string,
    argument: string,
    from: number,
    refresh: boolean,
    priority?: Priority,
  ): void {
    if (this.isBlocked(peer) || peer.occupant) return;
    // As `ThreadSide` does.
    const isOwn = fn === 'm';
    const mode =
      wanted === 'lead' && isOwn ? 'wait' : wanted === 'wait' && fn === 'c' ? 'lead' : wanted;
    const here = [...this.running.values()].filter((each) => this.goesOn(each, peer));
    const inside = peer.stack.length > 0 ? here.length : here.length + 1;
    const computation = here.length > 0 ? here[from % inside] : undefined;
    // Its calls fail at once.
    if (computation?.cancelled) return;
    const parent = computation?.lease;
    const key = `${fn}(${argument})`;
    const call = ++this.#lastCall;
    if (computation && !refresh && call % 4 > 0 && this.#reads(computation, fn, argument)) return;
    const caller = this.#caller({ key, fn, peer, mode, call, parent, waiter: undefined });
    if (mode === 'block') peer.stack.push(caller);
    this.fn(fn);
    const sent = (mode === 'wait' || isOwn) && { args: [argument] };
    const own = { ...sent, ...(priority && { priority }) };
    const again = refresh && mode !== 'block';
    const blocks = mode === 'block' && { handled: peer.handled };
    const said = { call, fn, key: argument, parent, refresh: again, mode, ...own, ...blocks };
    if (computation && computation.hasTold !== 'no') computation.hasTold = 'perhaps';
    this.say(peer, { type: 'claim', ...said });
    const flight = peer.calls.get(call)?.flight;
    if (parent !== undefined && flight?.waiters.length === 1 && !flight.isApart)
      this.#checkRemembered(key);
  }

  /** A computation calls this; or one that memory has, where there is any. */
  use(running: Running, fn: string, argument: string, held: number | undefined): void {
    const { peer } = running;
    const kept = FUNCTIONS.flatMap((its) =>
      ARGUMENTS.filter((each) => this.memory.peek(this.fn(its), each)).map((each) => [its, each]),
    );
    const [its = fn, key = argument] = (held !== undefined && kept[held % kept.length]) || [];
    if (!peer || peer.occupant || !this.goesOn(running)) return;
    const here = [...this.running.values()].filter((each) =>
      peer === this.own ? each.peer === peer : this.goesOn(each, peer),
    );
    const from = here.indexOf(running);
    if (peer === this.own) this.callLocally(its, key, false, undefined, from);
    else this.claim(peer, 'lead', its, key, from, false);
  }

  /** Its thread finds in memory what it calls, and asks for nothing. */
  #reads(computation: Running, id: string, key: string): boolean {
    const fn = this.fn(id);
    const reader = this.#reader;
    if (!reader?.find(fn.number, key, this.clock.now())) return false;
    const freshUntil = reader.hasTerms ? reader.freshUntil : reader.expiresAt;
    const tags = (reader.hasTerms && reader.tags) || [];
    reader.leave();
    const value = this.memory.peek(fn, key)?.value;
    if (value === undefined || this.clock.now() >= freshUntil) return false;
    this.#checkFresh(`${id}(${key})`, value, this.step, this.clock.now());
    const cells = tags.flatMap(({ cell, generation }) => [cell, generation]);
    computation.reads?.push({ fn: id, key, freshUntil, tags: cells });
    this.#used(computation.lease, value as number);
    return true;
  }

  /** A computation was given a value, or the error that comes of one; if it has not come to its end. */
  #used(by: number | undefined, value: number): void {
    if (by === undefined || !this.isTracked || !this.running.has(by)) return;
    this.#partsOf.set(by, [...(this.#partsOf.get(by) ?? []), value]);
  }

  /** By a call that is not answered, and does not compute its value itself. */
  isBlocked({ stack }: FakePeer): boolean {
    const top = stack.at(-1);
    return top?.state === 'waiting' && top.leads === undefined;
  }

  /** A thread with a stack of calls that block does nothing but what the innermost one computes. */
  goesOn(running: Running, where: FakePeer | undefined = running.peer): boolean {
    const { peer, lease } = running;
    if (peer?.occupant && (peer.occupant !== running || isEndless(running))) return false;
    if (!peer || peer !== where || this.isBlocked(peer)) return false;
    const top = peer.stack.at(-1);
    return top === undefined || top.leads === lease;
  }

  /** The thread reads the next message, unless it is busy with what a call that blocks computes. */
  read(peer: FakePeer): void {
    if (peer.occupant) return;
    if (peer.stack.length > 0 && !this.isBlocked(peer)) return;
    const message = peer.inbox.shift();
    if (message) this.#hear(peer, message);
  }

  say(peer: FakePeer, message: ToCoordinator): void {
    receive(this.coordinator, peer, message);
  }

  finish(running: Running, how: 'complete' | 'fail', keep: boolean, ms = TINY_MS): void {
    if (!this.goesOn(running)) return;
    this.#end(running);
    this.#fatal.delete(running.key);
    const { lease, peer, leader } = running;
    const isAnsweredLater = how === 'fail' && running.hasStale === true;
    if (leader?.mode === 'block' && !isAnsweredLater) peer?.stack.pop();
    if (leader && isAnsweredLater) leader.leads = undefined;
    const error = encodeThrown(new Error(`of lease ${lease}`));
    const tags = tagsOf(running.fn, running.key.slice(2, -1));
    const { reads: parts = [] } = running;
    const details = { ...(tags.length > 0 && { tags }), ...(parts.length > 0 && { parts }) };
    if (!keep) this.#unkept.add(lease);
    if (leader?.state === 'waiting' && !isAnsweredLater) this.#used(leader.parent, lease);
    const outcome =
      how === 'complete'
        ? ([lease, lease, ms, keep ? TTL : 0, ms, details] as const)
        : ({ type: 'fail', lease, error, ms, keepMs: keep ? TTL : 0 } as const);
    if (leader?.state === 'waiting' && !isAnsweredLater) leader.state = 'answered';
    if (peer) this.say(peer, outcome);
  }

  /** A thread starts the first of the tasks that it was handed. */
  start(peer: FakePeer): void {
    if (peer.occupant || peer.stack.length > 0) return;
    const lease = peer.handed.shift();
    if (lease)
      this.#begin(lease.id, lease.flight.fn.info.id, lease.flight.fullKey, undefined, peer);
  }

  /** The thread's caller was gone before the lease arrived. */
  decline(running: Running): void {
    if (!running.leader || !running.peer || running.leader.state === 'waiting') return;
    if (running.leader.mode === 'block' || running.peer.occupant) return;
    // It is known to have begun.
    if (this.#timedOut.has(running.lease)) return;
    this.#end(running);
    this.say(running.peer, { type: 'decline', lease: running.lease });
  }

  /** What a thread said just before it died, heard after. */
  claimOfTheDead(peer: FakePeer, fn: string, argument: string): void {
    this.fn(fn);
    const parent = undefined;
    this.say(peer, {
      type: 'claim',
      call: 0,
      fn,
      key: argument,
      parent,
      refresh: false,
      mode: 'lead',
    });
  }

  /** A late word of a lease that has ended. */
  late({ lease, peer }: Running): void {
    if (peer) this.say(peer, [lease, lease, 0.01, TTL]);
  }

  leave(caller: Caller): void {
    if (caller.state !== 'waiting' || caller.mode === 'block' || caller.peer?.occupant) return;
    caller.state = 'left';
    if (caller.waiter) this.coordinator.leave(caller.waiter);
    else if (caller.peer) this.say(caller.peer, { type: 'leave', call: caller.call });
  }

  /** It waits for no call, and awaits something else; `stretch` is the longest that it has kept its thread. */
  awaitElse(running: Running, stretch: number): void {
    const { lease, peer, leader } = running;
    const isCalling = this.callers.some(
      (each) => each.parent === lease && each.state === 'waiting',
    );
    if (!peer || peer === this.own || peer.occupant || isCalling) return;
    if (leader?.mode === 'block') return;
    if (!this.goesOn(running)) return;
    this.say(peer, { type: 'await', leases: [lease, stretch] });
    const { isShort, stretchMs = 0 } = this.fn(running.fn);
    const patience = Math.max(stretch, stretchMs, SHORT_STRETCH);
    running.hasTold = isShort ? 'yes' : { freeAt: this.clock.now() + patience };
  }

  /** From now on the thread does nothing but this. */
  occupy(running: Running, isKnown: boolean, isEndless: boolean): void {
    const { peer } = running;
    if (!peer || peer === this.own || peer.occupant || !this.goesOn(running)) return;
    running.occupies = { isKnown, isEndless };
    peer.occupant = running;
  }

  /** It awaits something, or has more to do: the thread is free for a moment. */
  pause({ occupant }: FakePeer): void {
    if (!occupant || isEndless(occupant)) return;
    occupant.occupies = 'not';
    if (occupant.peer) occupant.peer.occupant = undefined;
  }

  /** All callers of it go away, and so does whatever computation waits for it. */
  abandon(id: number, seen = new Set<number>()): void {
    const lease = this.coordinator.computation(id);
    if (lease?.cancelled !== 'no' || seen.has(id)) return;
    seen.add(id);
    for (const caller of this.callers.filter(
      (each) => this.waiterOf(each)?.flight === lease.flight,
    )) {
      const from = this.waiterOf(caller)?.parent;
      if (from) this.abandon(from.id, seen);
      else if (caller.mode === 'block' || caller.peer?.occupant)
        this.die(lease.peer === this.own ? (caller.peer as FakePeer) : (lease.peer as FakePeer));
      else this.leave(caller);
    }
  }

  waiterOf({ waiter, peer, call }: Caller): Waiter | undefined {
    return waiter ?? peer?.calls.get(call);
  }

  /**
   * `by` a computation that goes on there, or has ended, or of which nothing is known any more; by code
   * that belongs to none; or the thread cannot tell.
   */
  die(peer: FakePeer, by: Running | 'outside' | 'unknown' | 'left behind' = 'unknown'): void {
    if (peer.gone || peer === this.own) return;
    if (typeof by === 'object') peer.endedBy = inCell(by.lease);
    else if (by === 'outside') peer.endedBy = OUTSIDE;
    else if (by === 'left behind') peer.endedBy = ENDED_LONG_AGO;
    if (!peer.replaced) this.#blame(peer, by);
    this.peers = this.peers.filter((each) => each !== peer);
    this.doomed.delete(peer);
    this.deadPeers.push(peer);
    for (const caller of this.callers) {
      if (caller.peer === peer && caller.state === 'waiting') caller.state = 'left';
    }
    const here = [...this.running.values()].filter((each) => each.peer === peer);
    const { occupant } = peer;
    for (const running of here) this.#end(running);
    // Its cell still says what ran.
    peer.occupant = occupant;
    this.#spawn();
    this.coordinator.dismiss(peer);
    this.coordinator.died(peer, new Error('killed'));
  }

  /** What may have done it: all that has to be known for that is in the thread. */
  #blame(peer: FakePeer, by: Running | 'outside' | 'unknown' | 'left behind'): void {
    const here = [...this.running.values()].filter((each) => each.peer === peer);
    const exact = typeof by === 'object' ? by : peer.running > 0 ? peer.occupant : undefined;
    for (const running of here) {
      this.#died.set(running.key, (this.#died.get(running.key) ?? 0) + 1);
      if (by === running) {
        const threads = (this.#fatal.get(running.key)?.threads ?? 0) + 1;
        this.#fatal.set(running.key, { threads, at: this.clock.now() });
      }
      if (by === 'left behind' || (exact && exact !== running)) continue;
      this.#suspected.set(running.key, (this.#suspected.get(running.key) ?? 0) + 1);
    }
  }

  /** For a computation nothing is begun that would take its thread down, too. */
  #checkRemembered(key: string): void {
    const { threads, at } = this.#fatal.get(key) ?? { threads: 0, at: 0 };
    const isRemembered = this.clock.now() < at + REMEMBERED_FOR;
    assert(threads < ATTEMPTS || !isRemembered, `${key} is begun again for a computation`);
  }

  /** A key is given up for threads that it may have taken down, or for many that died under it. */
  #checkLost(error: WorkerLostError): void {
    const { key = '' } = error;
    const blamed = this.#suspected.get(key) ?? 0;
    const died = this.#died.get(key) ?? 0;
    const isFair = blamed >= ATTEMPTS || died >= 10 * ATTEMPTS;
    assert(isFair, `${key} was given up, and took ${blamed} threads down`);
  }

  invalidate(fn: string, argument: string): void {
    const key = `${fn}(${argument})`;
    this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
    this.#isSweeping ||= this.isTracked;
    void this.coordinator.invalidate(this.fn(fn), argument);
  }

  /** What is kept is stale from now on, where a stale value is ever answered. */
  expire(fn: string, argument: string): void {
    if (this.window === 0) return this.invalidate(fn, argument);
    void this.coordinator.expire(this.fn(fn), argument);
  }

  /** What the other process stores has no tags. */
  invalidateTags(...tags: string[]): void {
    if (this.other) return;
    for (const fn of TAGGED) {
      for (const argument of ARGUMENTS) {
        if (!tagsOf(fn, argument).some((tag) => tags.includes(tag))) continue;
        const key = `${fn}(${argument})`;
        this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
      }
    }
    this.#isSweeping = true;
    void this.coordinator.invalidateTags(tags);
  }

  /** A value that was not computed here. What was started before is as old as before an invalidation. */
  prime(fn: string, argument: string, keep: boolean): void {
    const key = `${fn}(${argument})`;
    this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
    this.#isSweeping ||= this.isTracked;
    const id = ++this.#lastPrimed;
    const since = this.clock.now();
    const nowhere = { leader: undefined, peer: undefined, occupies: 'not', hasTold: 'no' } as const;
    const times = { started: this.step + 0.5, since, finished: since, cancelled: false };
    this.#startOf.set(id, { lease: id, fn, key, ...times, ...nowhere });
    const details = TAGGED.has(fn) ? { tags: tagsOf(fn, argument) } : undefined;
    const given = { value: id, ms: 0, ttl: keep ? TTL : 0, details };
    void this.coordinator.set(this.fn(fn), argument, given);
  }

  /** The calls of the main thread whose computations have not begun are not to begin. */
  withdraw(): void {
    const before = this.callers.filter(
      ({ waiter }) => waiter?.flight && !waiter.parent && !hasBegun(waiter.flight),
    );
    for (const caller of before) this.#withdrawn.add(caller);
    this.coordinator.withdraw();
    const begins = before.filter(({ waiter }) => waiter?.flight?.lease);
    assert.deepEqual(begins, [], 'a call was withdrawn, and its computation begins');
  }

  clear(fn: string): void {
    for (const argument of ARGUMENTS) {
      const key = `${fn}(${argument})`;
      this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
    }
    this.#isSweeping ||= this.isTracked;
    void this.coordinator.invalidate(this.fn(fn));
  }

  /** One operation that the tier was asked for happens. */
  letTierGoOn(n: number): void {
    const [go] = this.tierWaits.splice(n % Math.max(1, this.tierWaits.length), 1);
    go?.();
  }

  /** The other process wants a value that it does not find. */
  otherComputes(fn: string, argument: string): void {
    void this.other?.compute(fn, `${fn}(${argument})`, this.step);
  }

  /** The other process has computed what it holds the n-th lease for. */
  otherStores(n: number): void {
    const held = this.other?.heldBy('other') ?? [];
    const key = held[n % held.length];
    if (!this.other || key === undefined) return;
    const id = ++this.#lastOfOther;
    const computedAt = this.clock.date();
    const expiresAt = computedAt + TTL + this.window;
    const finished = this.clock.now();
    const ends = { expiresAt, computedAt, staleFor: this.window };
    const record = { value: toEncoded(id), ms: 0.01, ...ends };
    void this.other.store(key, record).then((started) => {
      if (started === undefined) return;
      const ended = { lease: id, fn: key[0] as string, key, started, since: finished, finished };
      const nowhere = { leader: undefined, peer: undefined, occupies: 'not' } as const;
      const hasTold = 'no' as const;
      this.#startOf.set(id, { ...ended, ...nowhere, hasTold, cancelled: false });
    });
  }

  /** The other process fails or dies with the n-th of its leases. */
  otherGivesUp(n: number): void {
    const held = this.other?.heldBy('other') ?? [];
    const key = held[n % held.length];
    if (key !== undefined) this.other?.giveUp(key);
  }

  otherInvalidates(fn: string, argument: string): void {
    void this.other?.invalidate(fn, `${fn}(${argument})`);
  }

  /** Answers that a waiter has put off by throwing come before that. */
  passTime(ms: number): void {
    const isBeingAnswered = (each: Caller) => this.waiterOf(each)?.flight?.state.at === 'settled';
    while (this.callers.some(isBeingAnswered)) {
      try {
        this.clock.turn();
      } catch (error) {
        if (!(error instanceof InjectedError)) throw error;
      }
    }
    this.clock.advance(ms);
  }

  /** What must hold after every step. */
  check(): void {
    this.faults.isOff = true;
    this.#check();
    this.faults.isOff = false;
  }

  #check(): void {
    const wanted = [...this.coordinator.computations()].filter(
      ({ cancelled }) => cancelled === 'no',
    );
    assert(
      wanted.every(({ flight }) => flight.waiters.length > 0 || flight.isRefresh),
      'a computation goes on that no caller waits for',
    );
    const withdrawn = new Set([...this.#withdrawn].map(({ waiter }) => waiter));
    // What throws may put off that they leave one which others have joined, and left, meanwhile.
    assert(
      !this.clock.idle ||
        wanted.every(
          ({ flight }) =>
            flight.isRefresh || !flight.waiters.every((waiter) => withdrawn.has(waiter)),
        ),
      'a computation goes on for calls that were withdrawn',
    );
    const isBehind = ({ flight: { rank }, calls }: Lease) =>
      [...calls].some(({ flight }) => flight && flight.rank > rank);
    assert(!wanted.some(isBehind), 'what a computation waits for has a lower priority');
    const live = wanted.filter(({ isFenced }) => !isFenced).map(({ flight }) => flight.fullKey);
    assert.equal(new Set(live).size, live.length, `two live leases of one key: ${live}`);
    this.#checkOther(wanted);
    assert(
      wanted.every(({ flight: { fn }, peer }) => fn.info.id !== 'm' || peer === this.own),
      'another thread computes what belongs to the own one',
    );
    assert.equal(this.own.blocking.size, 0, 'the own thread is blocked');
    if (this.clock.idle) {
      const isKept = ({ parent }: Waiter) => !parent || parent.cancelled === 'no';
      assert(
        wanted.every(({ flight }) => flight.isRefresh || flight.waiters.some(isKept)),
        'only an abandoned computation keeps another one going',
      );
    }
    // What a waiter throws puts off the answers of the others, one that has computed it among them.
    const isBeingAnswered = (phase: string) =>
      (phase === 'settled' || (phase === 'open' && withdrawn.size > 0)) && !this.clock.idle;
    const isBeingRejected = (caller: Caller) => this.#withdrawn.has(caller) && !this.clock.idle;
    for (const caller of this.callers) {
      const { peer, mode, state } = caller;
      if (peer && this.doomed.has(peer)) continue;
      const waiting = this.waiterOf(caller);
      const phase = waiting?.flight?.state.at;
      if (state !== 'waiting')
        assert(!phase || isBeingAnswered(phase), 'answered or gone, and still in a flight');
      else if (!isAnswered(caller) && !isForsaken(caller) && !isBeingRejected(caller))
        assert(phase && (ALIVE.has(phase) || isBeingAnswered(phase)), `waits for one ${phase}`);
      if (peer && mode === 'lead' && peer.blocking.size > 0) this.#satOut.add(caller);
      const leads = peer && mode !== 'wait' && caller.fn !== 'm' && !this.#satOut.has(caller);
      assert(!leads || phase !== 'queued', 'a thread waits for work that has not started');
      const handed = waiting?.flight?.lease?.peer as FakePeer | undefined;
      const notStarted = handed?.handed.some(({ flight }) => flight === waiting?.flight);
      assert(!leads || !notStarted, 'a thread waits for a task that has not started');
    }
    for (const peer of this.peers.filter((each) => !this.doomed.has(each))) {
      const isActive = (lease: Lease) => {
        const { hasTold = 'no' } = this.running.get(lease.id) ?? {};
        if ([...lease.calls].length > 0) return false;
        if (hasTold === 'perhaps' || lease.flight.deaths > 0) return lease.isActive;
        return hasTold === 'no' || (hasTold !== 'yes' && this.clock.now() < hasTold.freeAt);
      };
      const active = [...peer.leases].filter(isActive);
      assert.equal(peer.active, active.length, 'a thread is taken for busy, or for free');
      const others = [...this.peers].filter((other) => other !== peer);
      // A task that keeps its thread for long waits for a thread of its own, see `beside.ts`.
      const isAnotherComing = others.some((other) => other.active > 0 || other.replaced);
      const waits = peer.leases.size > 0 && isAnotherComing;
      const isFree = !peer.replaced && peer.active === 0 && peer.blocking.size === 0 && !waits;
      const { queued, inLine, limited } = this.coordinator;
      assert(!isFree || queued === inLine + limited, 'a free thread, and work that waits');
      const asks = this.tierWaits.length > 0;
      assert(!isFree || asks || inLine === 0, 'a free thread, and flights in line');
      assert(peer.blocking.size === 0 || peer.handed.length === 0, 'tasks in a blocked thread');
      const isBlocked = peer.blocking.size > 0;
      if (peer.inbox.length === 0)
        assert.equal(isBlocked, this.isBlocked(peer), 'taken for blocked, or for not');
      const calls = [...peer.calls.values()];
      // A thread that is blocked by a call from an abandoned computation has yet to read that.
      const isTold = (waiter: Waiter) => peer.blocking.has(waiter) && peer.inbox.length > 0;
      assert(
        calls.every((waiter) => waiter.flight ?? isTold(waiter)),
        'a call is still in the books, and waits for nothing',
      );
    }
    this.#checkTimes();
    if (this.isLimited) for (const fn of FUNCTIONS) this.#checkSlots(this.fn(fn));
    this.#checkStore();
  }

  /** What takes too long is told to stop, and keeps no slot where that is no use. */
  #checkTimes(): void {
    for (const { id, timedOut, peer, flight, used } of this.coordinator.computations()) {
      if (!timedOut) continue;
      this.#timedOut.add(id);
      const isStoppable = peer !== this.own && flight.fn.info.thread === undefined;
      assert(isStoppable || !used, 'what cannot be stopped keeps its slot');
    }
    if (!this.isTimed || !this.clock.idle) return;
    for (const { fn, since, lease } of this.running.values()) {
      const isWanted = this.coordinator.computation(lease)?.cancelled === 'no';
      const isLate = fn !== 'f' && this.clock.now() >= since + HARD;
      assert(!isWanted || !isLate, 'a computation goes on for longer than it may');
    }
  }

  /** A caller is told so only of what has taken as long. */
  #checkTimeout({ key = '' }: TimeoutError): void {
    const all = [...this.#startOf.values()].filter((each) => each.key === key);
    const isFair = all.some(({ since, finished = this.clock.now() }) => finished >= since + HARD);
    assert(isFair, `${key} has not taken too long`);
  }

  /** No more computations than may be, and none waits that might begin. */
  #checkSlots(fn: FunctionRecord): void {
    const leases = [...this.coordinator.computations()].filter(
      ({ flight, hasOverrun }) => flight.fn === fn && !hasOverrun,
    );
    const slots = new Set(leases.map(({ used }) => used));
    assert(!slots.has(undefined), 'a computation without a slot');
    assert(slots.size <= CONCURRENCY + fn.counters.overLimit, 'more computations than may be');
    const { flights } = this.coordinator.inspect([]);
    const own = flights.filter(({ functionId }) => functionId === fn.info.id);
    const count = (...states: string[]) => own.filter(({ state }) => states.includes(state)).length;
    const coming = count('asking', 'queued', 'in line', 'open');
    const isWaiting = count('limited') > 0;
    assert(!isWaiting || slots.size + coming >= CONCURRENCY, 'a slot is free, and a flight waits');
  }

  /** Nothing is computed without its lease, unless it was given up, or its wait was. */
  #checkOther(leases: readonly Lease[]): void {
    if (!this.other) return;
    const apart = FUNCTIONS.reduce((sum, fn) => sum + this.fn(fn).counters.duplicates, 0);
    const without = leases.filter(({ flight, isFenced }) => !isFenced && !flight.grant);
    assert(without.length <= apart, "a computation without the tier's lease");
    const ours = new Set(this.other.heldBy('us'));
    // An `expire` ends it in the tier, and what is computed goes on: it is stored there no more.
    const lost = leases.filter(
      ({ flight, isExpired }) => !isExpired && flight.grant && !ours.has(flight.fullKey),
    );
    assert(lost.length <= this.other.lost, 'a computation whose lease has ended');
  }

  #checkStore(): void {
    if (this.clock.idle) this.#isSweeping = false;
    for (const fn of FUNCTIONS) {
      const entries = ARGUMENTS.flatMap((argument) => {
        // One that has expired is removed when it is asked for.
        const entry =
          this.memory.peek(this.fn(fn), argument) ?? this.memory.get(this.fn(fn), argument);
        return entry ? [{ key: `${fn}(${argument})`, ...entry }] : [];
      });
      for (const { key, value } of entries) {
        this.#checkFresh(key, value, this.step, this.clock.now());
        for (const part of this.#madeOf(value as number)) this.#checkPart(key, part);
      }
      const { counters } = this.fn(fn);
      // Those that are dead because of a tag are counted until they are swept.
      if (this.#isSweeping) assert(counters.entries >= entries.length);
      else assert.equal(counters.entries, entries.length);
      assert(entries.length <= this.fn(fn).info.max, 'more entries than max');
    }
    const sum = (what: 'bytes' | 'entries') =>
      FUNCTIONS.reduce((all, fn) => all + this.fn(fn).counters[what], 0);
    // Dead ones are swept when time stands still.
    if (this.clock.idle)
      assert.deepEqual([this.memory.bytes, this.memory.size], [sum('bytes'), sum('entries')]);
    assert(this.memory.size > 0 || this.memory.bytes === 0, 'bytes of nothing');
    assert(this.memory.size <= this.limits.max, 'more entries than the pool may have');
  }

  /** No invalidation of the key lies between the computation's start and `asked`. */
  #checkFresh(key: string, value: Portable, asked: number, at: number): void {
    const computed = this.#startOf.get(value as number);
    assert.equal(computed?.key, key, 'a value of another key');
    assert(!this.#timedOut.has(value as number), 'a value that took too long');
    const { started = 0, finished = this.clock.now() } = computed ?? {};
    assert(at < finished + TTL + this.window, `${key}: a value that has expired`);
    const between = (this.#invalidated.get(key) ?? []).filter((at) => at >= started && at < asked);
    assert.deepEqual(between, [], `${key}: a value that was started before an invalidation`);
    for (const part of this.#madeOf(value as number)) {
      const its = this.#startOf.get(part) as Running;
      const ends = (this.#invalidated.get(its.key) ?? []).filter(
        (end) => end >= its.started && end < asked,
      );
      assert.deepEqual(ends, [], `${key}: a value that outlives its part ${its.key}`);
    }
  }

  /** What is kept is fresh no longer than its parts, and made of none that is not kept. */
  #checkPart(key: string, part: number): void {
    const { finished = 0, key: its } = this.#startOf.get(part) as Running;
    assert(
      this.clock.now() < finished + TTL,
      `${key}: it is fresh for longer than its part ${its}`,
    );
    assert(!this.#unkept.has(part), `${key}: it was made of ${its}, which was not to be kept`);
  }

  /** All that a value was made of, and what that was. */
  #madeOf(value: number): ReadonlySet<number> {
    const all = new Set(this.#partsOf.get(value));
    for (const part of all) for (const its of this.#partsOf.get(part) ?? []) all.add(its);
    return all;
  }

  #answered(caller: Caller, answer: Answer): void {
    assert.equal(caller.state, 'waiting', 'answered twice, or after leaving');
    caller.state = 'answered';
    if (caller.mode === 'block') assert.equal(caller.peer?.stack.pop(), caller);
    if (answer.state === 'value') {
      this.#used(caller.parent, answer.value as number);
      if (!caller.peer) this.#checkFresh(caller.key, answer.value, caller.asked, caller.at);
      return;
    }
    const reason = decodeThrown(answer.error);
    const failed = leaseOf(reason);
    if (failed !== undefined) this.#used(caller.parent, failed);
    const isClosed = this.coordinator.closed || this.#withdrawn.has(caller);
    const isFair = reason instanceof PoolClosedError && isClosed;
    assert(isFair || (reason instanceof Error && FAILURES.has(reason.name)), String(reason));
    if (reason instanceof WorkerLostError) this.#checkLost(reason);
    if (reason instanceof TimeoutError) this.#checkTimeout(reason);
    if (!caller.peer) this.#checkError(caller, reason);
  }

  /** An error that was kept for a while is fresh like a value. */
  #checkError({ key, asked, at }: Caller, reason: unknown): void {
    const lease = leaseOf(reason);
    if (lease !== undefined) this.#checkFresh(key, lease, asked, at);
  }

  #callerOf(peer: FakePeer, message: ToThread): Caller | undefined {
    const call = 'call' in message ? message.call : undefined;
    return this.callers.find((each) => each.peer === peer && each.call === call);
  }

  /** What is true when a value is sent may have ended when it is read. */
  #sent(peer: FakePeer, message: ToThread): void {
    const caller = this.#callerOf(peer, message);
    if (!caller || !('type' in message)) return;
    if (message.type === 'value')
      this.#checkFresh(caller.key, message.value, caller.asked, caller.at);
    if (message.type === 'failure') this.#checkError(caller, decodeThrown(message.error));
  }

  #hear(peer: FakePeer, message: ToThread): void {
    if (!('type' in message)) return assert.fail('a task by another way than its cell');
    if (message.type === 'cancel') return this.#cancel(peer, message.lease);
    const caller = this.#callerOf(peer, message);
    if (!caller) return;
    if (message.type === 'lease') return this.#lead(peer, caller, message.lease, message.hasStale);
    if (caller.state !== 'waiting') return;
    if (message.type === 'value' && message.isDue) {
      const argument = caller.key.slice(2, -1);
      this.say(peer, { type: 'refresh', fn: caller.fn, key: argument, args: [argument] });
    }
    if (message.type === 'value') {
      this.#answered(caller, { state: 'value', entry: message.entry, value: message.value });
    }
    // It has the verdict already that it computes the value: what that becomes counts.
    if (message.type === 'failure' && caller.mode === 'block' && caller.leads !== undefined) {
      caller.state = 'answered';
      return;
    }
    if (message.type === 'failure')
      this.#answered(caller, { state: 'failure', error: message.error });
  }

  /** The calls that were made from it end, if it has itself come to its end before, too. */
  #cancel(peer: FakePeer, lease: number): void {
    const running = this.running.get(lease);
    if (running) running.cancelled = true;
    for (const caller of this.callers) {
      if (caller.peer !== peer || caller.parent !== lease || caller.state !== 'waiting') continue;
      if (peer.stack.at(-1) === caller && caller.leads === undefined) peer.stack.pop();
      caller.state = 'left';
      this.say(peer, { type: 'leave', call: caller.call });
    }
  }

  /** Its thread starts it, unless the caller has left, or the thread is blocked by another call. */
  #lead(peer: FakePeer, caller: Caller, lease: number, hasStale = false): void {
    peer.handled++;
    if (caller.state !== 'waiting') return this.say(peer, { type: 'decline', lease });
    if (caller.mode === 'block' || !this.isBlocked(peer))
      return this.#begin(lease, caller.fn, caller.key, caller, peer, hasStale);
    const args = [caller.key.slice(2, -1)];
    this.say(peer, { type: 'decline', lease, args });
  }

  #begin(
    lease: number,
    fn: string,
    key: string,
    leader?: Caller,
    peer?: FakePeer,
    hasStale = false,
  ): void {
    const running: Running = {
      lease,
      fn,
      key,
      leader,
      hasStale,
      peer,
      started: this.step,
      since: this.clock.now(),
      cancelled: false,
      occupies: 'not',
      hasTold: 'no',
      finished: undefined,
      ...(this.isTracked && { reads: [] }),
    };
    this.running.set(lease, running);
    this.#startOf.set(lease, running);
    if (leader) leader.leads = lease;
    if (peer && this.isTimed && fn !== 'f') this.say(peer, { type: 'began', lease });
  }

  #end(running: Running): void {
    running.finished = this.clock.now();
    if (running.peer?.occupant === running) running.peer.occupant = undefined;
    this.running.delete(running.lease);
    this.ended.push(running);
  }

  #spawn(): void {
    const sent = (peer: FakePeer, message: ToThread) => this.#sent(peer, message);
    const peer = new FakePeer(sent, (each) => this.doomed.add(each), this.faults);
    this.peers.push(peer);
    this.coordinator.employ(peer);
  }

  #caller(caller: Omit<Caller, 'asked' | 'at' | 'state' | 'leads'>): Caller {
    const now = { asked: this.step, at: this.clock.now() };
    const made: Caller = { ...caller, ...now, state: 'waiting', leads: undefined };
    this.callers.push(made);
    return made;
  }

  /** Every operation waits until the schedule lets it happen. */
}

/** The computation that an error comes from. */
function leaseOf(reason: unknown): number | undefined {
  const lease = /^of lease (\d+)$/.exec((reason as Error).message)?.[1];
  return lease === undefined ? undefined : Number(lease);
}

/** @param turn when the next operation happens */
function slowTier(turn: () => Promise<void>, atOnce: boolean): Tier {
  const records = new Map<string, Map<string, TierRecord>>();
  const tier = mapTier(records);
  return {
    ...tier,
    ...(atOnce && { getNow: (functionId, key) => records.get(functionId)?.get(key) }),
    get: (...args) => turn().then(() => tier.get(...args)),
    set: (...args) => turn().then(() => tier.set(...args)),
    delete: (...args) => turn().then(() => tier.delete(...args)),
    clear: (...args) => turn().then(() => tier.clear(...args)),
  };
}
