/**
 * A whole pool in one thread: the real coordinator, store, backlog and tier chain; around them
 * threads, a tier and time that do only what a schedule tells them.
 *
 * Every value is the number of the lease that computed it. So the world can tell for each answer
 * and each entry when its computation started, and whether an invalidation came after that.
 */

import assert from 'node:assert/strict';
import { Coordinator } from '../../src/main/coordinator.ts';
import { Dispatcher } from '../../src/main/dispatcher.ts';
import type { Answer, Lease, Peer, Waiter } from '../../src/main/flight.ts';
import type { FunctionRecord } from '../../src/main/function-record.ts';
import { receive } from '../../src/main/receive.ts';
import { Store } from '../../src/main/store.ts';
import { TierChain } from '../../src/main/tier-chain.ts';
import type { Portable, ToCoordinator, ToThread, WaitMode } from '../../src/protocol.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierRecord } from '../../src/tiers/tier.ts';
import { toEncoded } from '../../src/values/portable.ts';
import { decodeThrown, encodeThrown } from '../../src/values/thrown.ts';
import { FakeClock } from '../fake-clock.ts';
import { OtherProcess } from './other-process.ts';

export const FUNCTIONS = ['f', 'g'];
export const ARGUMENTS = ['1', '2', '3'];
const THREADS = 2;
const BYTES = { maxSize: 2 ** 16, maxEntrySize: 1000 };
const LIMITS = { max: 4, ...BYTES };
/** In front of a tier, so little that most keys are in the tier only. */
const FEW = { max: 1, ...BYTES };
const TTL = 100;
/** So short that several are handed over at once; and so long that it goes alone. */
const TINY_MS = 0.01;
export const SHORT_MS = 0.4;
/** Tasks that a thread can have been handed and not have started. */
const ROOM = 4;

const ALIVE = new Set(['probing', 'queued', 'leased']);
const FAILURES = new Set(['WorkerLostError', 'CycleError', 'Error']);

/** A caller, as its own thread sees it. */
export interface Caller {
  readonly key: string;
  readonly fn: string;
  readonly asked: number;
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
  peer: FakePeer | undefined;
  cancelled: boolean;
  /** By the clock. */
  finished: number | undefined;
}

export class FakePeer implements Peer {
  readonly leases = new Set<Lease>();
  readonly calls = new Map<number, Waiter>();
  active = 0;
  expectedMs = 0;
  canTakeMore = (): void => {};
  gone = false;
  /** Tasks that were handed over, and what of them was not started or taken back yet. */
  readonly handed: Lease[] = [];
  readonly blocking = new Set<Waiter>();
  /** Calls that block it, and what they compute, the innermost last. */
  readonly stack: Caller[] = [];
  /** What it was sent and has not read yet. */
  readonly inbox: ToThread[] = [];
  /** Leases for its calls that it has read. */
  handled = 0;
  /** Leases for its calls that it was sent. */
  leads = 0;
  #prepared: Lease[] = [];
  replaced = false;
  readonly #sent: (peer: FakePeer, message: ToThread) => void;
  readonly #die: (peer: FakePeer) => void;

  constructor(sent: (peer: FakePeer, message: ToThread) => void, die: (peer: FakePeer) => void) {
    this.#sent = sent;
    this.#die = die;
  }

  tellOf(): void {}

  post(message: ToThread): void {
    assert(!this.gone, 'a message was sent to a dead thread');
    this.#sent(this, message);
    this.inbox.push(message);
  }

  terminate(): void {
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
    this.handed.push(...this.#prepared.splice(0));
  }

  takeBack(lease: Lease): boolean {
    const at = this.handed.indexOf(lease);
    if (at >= 0) this.handed.splice(at, 1);
    return at >= 0;
  }
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

export class World {
  readonly clock = new FakeClock();
  readonly limits: typeof LIMITS;
  readonly store: Store;
  readonly coordinator: Coordinator;
  readonly dispatcher: Dispatcher;
  readonly callers: Caller[] = [];
  readonly running = new Map<number, Running>();
  readonly ended: Running[] = [];
  peers: FakePeer[] = [];
  readonly deadPeers: FakePeer[] = [];
  /** Threads that the coordinator has had replaced; they die at the schedule's next step. */
  readonly doomed = new Set<FakePeer>();
  readonly tierWaits: (() => void)[] = [];
  /** Their threads were blocked since: what they wait for was left to others. */
  readonly #satOut = new Set<Caller>();
  readonly #startOf = new Map<number, Running>();
  readonly #invalidated = new Map<string, number[]>();
  /** Another process shares its tier, which leases. */
  readonly other: OtherProcess | undefined;
  readonly withTier: boolean;
  #lastOfOther = 1_000_000;
  step = 0;
  #lastCall = 0;

  /** @param atOnce the tier answers a `get` without waiting */
  constructor(options: { withTier: boolean; withOther?: boolean; atOnce?: boolean }) {
    const { withTier, withOther = false, atOnce = false } = options;
    this.withTier = withTier || withOther;
    this.limits = this.withTier ? FEW : LIMITS;
    this.store = new Store(this.limits, this.clock);
    const turn = () => new Promise<void>((resolve) => this.tierWaits.push(resolve));
    this.other = withOther ? new OtherProcess(turn, () => this.clock.date()) : undefined;
    const tier = this.other?.tier() ?? (withTier ? slowTier(turn, atOnce) : undefined);
    const tiers = new TierChain(tier ? [tier] : []);
    this.dispatcher = new Dispatcher(Number.POSITIVE_INFINITY, this.clock, {
      begin: (flight, peer) => this.coordinator.begin(flight, peer),
      reclaim: (lease) => this.coordinator.unfinished.reclaim(lease),
      threadsWanted: () => {},
      spareThreads: () => 0,
      inLine: () => this.coordinator.inLine,
      hungry: () => this.coordinator.hungry(),
    });
    const parts = { clock: this.clock, store: this.store, tiers, backlog: this.dispatcher };
    this.coordinator = new Coordinator({ ...parts, attempts: 2, threads: THREADS });
    for (let n = 0; n < THREADS; n++) this.#spawn();
  }

  fn(id: string): FunctionRecord {
    const max = id === 'g' ? 2 : Number.POSITIVE_INFINITY;
    return this.coordinator.define({ id, module: `file:///${id}.js`, max, versioned: true });
  }

  /** A call on the coordinator's thread. */
  callLocally(fn: string, argument: string, refresh: boolean): void {
    const key = `${fn}(${argument})`;
    const waiter: Waiter = {
      peer: undefined,
      mode: 'wait',
      parent: undefined,
      flight: undefined,
      place: 0,
      deliver: (answer) => this.#answered(caller, answer),
      ledItself: () => assert.fail('led by the main thread'),
      lead: () => assert.fail('a lease was offered to the main thread'),
    };
    const local = { peer: undefined, mode: 'wait', call: 0, parent: undefined } as const;
    const caller = this.#caller({ key, fn, waiter, ...local });
    const entry = refresh ? undefined : this.coordinator.hit(this.fn(fn), argument);
    if (entry)
      return this.#answered(caller, { state: 'value', entry: entry.id, value: entry.value });
    const snapshot = () => [argument];
    this.coordinator.want({ fn: this.fn(fn), key: argument, waiter, refresh, snapshot });
  }

  /** A call in a thread; from one of the computations that go on there, or from none. */
  claim(
    peer: FakePeer,
    mode: WaitMode,
    fn: string,
    argument: string,
    from: number,
    refresh: boolean,
  ): void {
    if (this.isBlocked(peer)) return;
    const here = [...this.running.values()].filter((each) => this.goesOn(each, peer));
    const inside = peer.stack.length > 0 ? here.length : here.length + 1;
    const parent = here.length > 0 ? here[from % inside]?.lease : undefined;
    const key = `${fn}(${argument})`;
    const call = ++this.#lastCall;
    const caller = this.#caller({ key, fn, peer, mode, call, parent, waiter: undefined });
    if (mode === 'block') peer.stack.push(caller);
    this.fn(fn);
    const forked = mode === 'wait' && { args: [argument] };
    const again = refresh && mode !== 'block';
    const blocks = mode === 'block' && { handled: peer.handled };
    const said = { call, fn, key: argument, parent, refresh: again, mode, ...forked, ...blocks };
    this.say(peer, { type: 'claim', ...said });
  }

  /** By a call that is not answered, and does not compute its value itself. */
  isBlocked({ stack }: FakePeer): boolean {
    const top = stack.at(-1);
    return top?.state === 'waiting' && top.leads === undefined;
  }

  /** A thread with a stack of calls that block does nothing but what the innermost one computes. */
  goesOn({ peer, lease }: Running, where: FakePeer | undefined = peer): boolean {
    if (!peer || peer !== where || this.isBlocked(peer)) return false;
    const top = peer.stack.at(-1);
    return top === undefined || top.leads === lease;
  }

  /** The thread reads the next message, unless it is busy with what a call that blocks computes. */
  read(peer: FakePeer): void {
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
    if (running.leader?.mode === 'block') running.peer?.stack.pop();
    const { lease, peer } = running;
    const error = encodeThrown(new Error(`of lease ${lease}`));
    const outcome =
      how === 'complete'
        ? ([lease, lease, ms, keep ? TTL : 0] as const)
        : ({ type: 'fail', lease, error, ms } as const);
    if (running.leader?.state === 'waiting') running.leader.state = 'answered';
    if (peer) this.say(peer, outcome);
  }

  /** A thread starts the first of the tasks that it was handed. */
  start(peer: FakePeer): void {
    if (peer.stack.length > 0) return;
    const lease = peer.handed.shift();
    if (lease)
      this.#begin(lease.id, lease.flight.fn.info.id, lease.flight.fullKey, undefined, peer);
  }

  /** The thread's caller was gone before the lease arrived. */
  decline(running: Running): void {
    if (!running.leader || !running.peer || running.leader.state === 'waiting') return;
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
    if (caller.state !== 'waiting' || caller.mode === 'block') return;
    caller.state = 'left';
    if (caller.waiter) this.coordinator.leave(caller.waiter);
    else if (caller.peer) this.say(caller.peer, { type: 'leave', call: caller.call });
  }

  die(peer: FakePeer): void {
    if (peer.gone) return;
    this.peers = this.peers.filter((each) => each !== peer);
    this.doomed.delete(peer);
    this.deadPeers.push(peer);
    for (const caller of this.callers) {
      if (caller.peer === peer && caller.state === 'waiting') caller.state = 'left';
    }
    const here = [...this.running.values()].filter((each) => each.peer === peer);
    for (const running of here) this.#end(running);
    this.#spawn();
    this.dispatcher.leave(peer);
    this.coordinator.unfinished.died(peer, new Error('killed'));
  }

  invalidate(fn: string, argument: string): void {
    const key = `${fn}(${argument})`;
    this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
    void this.coordinator.invalidate.one(this.fn(fn), argument);
  }

  clear(fn: string): void {
    for (const argument of ARGUMENTS) {
      const key = `${fn}(${argument})`;
      this.#invalidated.set(key, [...(this.#invalidated.get(key) ?? []), this.step]);
    }
    void this.coordinator.invalidate.allOf(this.fn(fn));
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
    const expiresAt = this.clock.date() + TTL;
    const finished = this.clock.now();
    const record = { value: toEncoded(id), expiresAt, ms: 0.01 };
    void this.other.store(key, record).then((started) => {
      if (started === undefined) return;
      const ended = { lease: id, fn: key[0] as string, key, started, finished };
      this.#startOf.set(id, { ...ended, leader: undefined, peer: undefined, cancelled: false });
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

  /** What must hold after every step. */
  check(): void {
    const wanted = [...this.coordinator.leases.all()].filter(({ cancelled }) => cancelled === 'no');
    assert(
      wanted.every(({ flight }) => flight.waiters.length > 0),
      'a computation goes on that nobody waits for',
    );
    const live = wanted.filter(({ flight }) => !flight.fenced).map(({ flight }) => flight.fullKey);
    assert.equal(new Set(live).size, live.length, `two live leases of one key: ${live}`);
    this.#checkOther(wanted);
    for (const caller of this.callers) {
      const { peer, mode, waiter, call, state } = caller;
      const waiting = waiter ?? peer?.calls.get(call);
      const phase = waiting?.flight?.phase.at;
      if (state !== 'waiting') assert(!phase, 'answered or gone, and still in a flight');
      else if (!isAnswered(caller))
        assert(phase && ALIVE.has(phase), `waits for a flight that is ${phase}`);
      if (peer && mode === 'lead' && peer.blocking.size > 0) this.#satOut.add(caller);
      const leads = peer && mode !== 'wait' && !this.#satOut.has(caller);
      assert(!leads || phase !== 'queued', 'a thread waits for work that has not started');
      const handed = waiting?.flight?.lease?.peer as FakePeer | undefined;
      const notStarted = handed?.handed.some(({ flight }) => flight === waiting?.flight);
      assert(!leads || !notStarted, 'a thread waits for a task that has not started');
    }
    for (const peer of this.peers) {
      const active = [...peer.leases].filter(({ calls }) => [...calls].length === 0);
      assert.equal(peer.active, active.length, 'a thread is taken for busy, or for free');
      const isFree = peer.active === 0 && peer.blocking.size === 0;
      assert(!isFree || this.dispatcher.size === 0, 'a free thread, and work that waits');
      const asks = this.tierWaits.length > 0;
      assert(
        !isFree || asks || this.coordinator.inLine === 0,
        'a free thread, and flights in line',
      );
      assert(peer.blocking.size === 0 || peer.handed.length === 0, 'tasks in a blocked thread');
      const isBlocked = peer.blocking.size > 0;
      if (peer.inbox.length === 0)
        assert.equal(isBlocked, this.isBlocked(peer), 'taken for blocked, or for not');
      const calls = [...peer.calls.values()];
      assert(
        calls.every(({ flight }) => flight),
        'a call is still in the books, and waits for nothing',
      );
    }
    this.#checkStore();
  }

  /** Nothing is computed without its lease, unless it was given up, or its wait was. */
  #checkOther(leases: readonly Lease[]): void {
    if (!this.other) return;
    const apart = FUNCTIONS.reduce((sum, fn) => sum + this.fn(fn).counters.duplicates, 0);
    const without = leases.filter(({ flight }) => !flight.fenced && flight.turn?.at !== 'granted');
    assert(without.length <= apart, "a computation without the tier's lease");
    const ours = new Set(this.other.heldBy('us'));
    const lost = leases.filter(({ flight }) => flight.turn && !ours.has(flight.fullKey));
    assert(lost.length <= this.other.lost, 'a computation whose lease has ended');
  }

  #checkStore(): void {
    for (const fn of FUNCTIONS) {
      const entries = ARGUMENTS.flatMap((argument) => {
        const entry = this.store.peek(this.fn(fn), argument);
        return entry ? [{ key: `${fn}(${argument})`, ...entry }] : [];
      });
      for (const { key, value } of entries) this.#checkFresh(key, value, this.step);
      // Expired ones were removed by looking, and dead ones are swept when time stands still.
      const { counters } = this.fn(fn);
      if (this.clock.idle) assert.equal(counters.entries, entries.length);
      assert(entries.length <= this.fn(fn).info.max, 'more entries than max');
    }
    const sum = (what: 'bytes' | 'entries') =>
      FUNCTIONS.reduce((all, fn) => all + this.fn(fn).counters[what], 0);
    assert.deepEqual([this.store.bytes, this.store.size], [sum('bytes'), sum('entries')]);
    assert(this.store.size > 0 || this.store.bytes === 0, 'bytes of nothing');
    assert(this.store.size <= this.limits.max, 'more entries than the pool may have');
  }

  /** No invalidation of the key lies between the computation's start and `asked`. */
  #checkFresh(key: string, value: Portable, asked: number): void {
    const computed = this.#startOf.get(value as number);
    assert.equal(computed?.key, key, 'a value of another key');
    const { started = 0, finished = this.clock.now() } = computed ?? {};
    assert(this.clock.now() < finished + TTL, `${key}: a value that has expired`);
    const between = (this.#invalidated.get(key) ?? []).filter((at) => at >= started && at < asked);
    assert.deepEqual(between, [], `${key}: a value that was started before an invalidation`);
  }

  #answered(caller: Caller, answer: Answer): void {
    assert.equal(caller.state, 'waiting', 'answered twice, or after leaving');
    caller.state = 'answered';
    if (caller.mode === 'block') assert.equal(caller.peer?.stack.pop(), caller);
    if (answer.state === 'value') {
      if (!caller.peer) this.#checkFresh(caller.key, answer.value, caller.asked);
      return;
    }
    const reason = decodeThrown(answer.error);
    assert(reason instanceof Error && FAILURES.has(reason.name), String(reason));
  }

  #callerOf(peer: FakePeer, message: ToThread): Caller | undefined {
    const call = 'call' in message ? message.call : undefined;
    return this.callers.find((each) => each.peer === peer && each.call === call);
  }

  /** What is true when a value is sent may have ended when it is read. */
  #sent(peer: FakePeer, message: ToThread): void {
    const caller = this.#callerOf(peer, message);
    if (caller && 'type' in message && message.type === 'value')
      this.#checkFresh(caller.key, message.value, caller.asked);
  }

  #hear(peer: FakePeer, message: ToThread): void {
    if (!('type' in message)) return assert.fail('a task by another way than its cell');
    if (message.type === 'cancel') {
      const running = this.running.get(message.lease);
      if (running) running.cancelled = true;
      return;
    }
    const caller = this.#callerOf(peer, message);
    if (!caller) return;
    if (message.type === 'lease') return this.#lead(peer, caller, message.lease);
    if (caller.state !== 'waiting') return;
    if (message.type === 'value') {
      this.#answered(caller, { state: 'value', entry: message.entry, value: message.value });
    }
    if (message.type === 'failure')
      this.#answered(caller, { state: 'failure', error: message.error });
  }

  /** Its thread starts it, unless the caller has left, or the thread is blocked by another call. */
  #lead(peer: FakePeer, caller: Caller, lease: number): void {
    peer.handled++;
    if (caller.state !== 'waiting') return this.say(peer, { type: 'decline', lease });
    if (caller.mode === 'block' || !this.isBlocked(peer))
      return this.#begin(lease, caller.fn, caller.key, caller, peer);
    const args = [caller.key.slice(2, -1)];
    this.say(peer, { type: 'decline', lease, args });
  }

  #begin(lease: number, fn: string, key: string, leader?: Caller, peer?: FakePeer): void {
    const running: Running = {
      lease,
      fn,
      key,
      leader,
      peer,
      started: this.step,
      cancelled: false,
      finished: undefined,
    };
    this.running.set(lease, running);
    this.#startOf.set(lease, running);
    if (leader) leader.leads = lease;
  }

  #end(running: Running): void {
    running.finished = this.clock.now();
    this.running.delete(running.lease);
    this.ended.push(running);
  }

  #spawn(): void {
    const sent = (peer: FakePeer, message: ToThread) => this.#sent(peer, message);
    const peer = new FakePeer(sent, (each) => this.doomed.add(each));
    this.peers.push(peer);
    this.dispatcher.join(peer);
  }

  #caller(caller: Omit<Caller, 'asked' | 'state' | 'leads'>): Caller {
    const made: Caller = { ...caller, asked: this.step, state: 'waiting', leads: undefined };
    this.callers.push(made);
    return made;
  }

  /** Every operation waits until the schedule lets it happen. */
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
