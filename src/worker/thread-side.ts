/**
 * A thread that shares a coordinator's cache: calls that are made in it ask the coordinator, and are
 * computed right here unless another thread has the value or is computing it.
 *
 * Invariant: every pending call ends by exactly one of an answer, its own computation's outcome, or
 * its caller's leaving.
 */

import { AsyncResource } from 'node:async_hooks';
import type { Call } from '../call/call.ts';
import { watchLimits } from '../call/limits.ts';
import type { Definition } from '../call/registry.ts';
import type { RemoteSide, Sight } from '../call/side.ts';
import { Awaiting } from '../compute/awaiting.ts';
import {
  beforeTracking,
  currentComputation,
  currentTracker,
  noCallerWaits,
} from '../compute/computation.ts';
import { given } from '../compute/compute.ts';
import { startsApplication } from '../compute/load.ts';
import { Running } from '../compute/running.ts';
import type { Tracker } from '../compute/tracker.ts';
import { type CallEvent, calls } from '../events/channels.ts';
import { tracedSync } from '../events/trace.ts';
import {
  type Arguments,
  type Explanation,
  type FunctionStats,
  type Outcome,
  RUNNING_CELL,
  type ToCoordinator,
  type TraceContext,
} from '../protocol.ts';
import { MISS } from '../read/entry-values.ts';
import { type Found, MISSED } from '../read/function-reads.ts';
import { Reads } from '../read/reads.ts';
import { Sampling } from '../read/sampling.ts';
import { dateNow } from '../runtime/globals.ts';
import { ensureHeadroom } from '../runtime/headroom.ts';
import { decodeThrown } from '../values/thrown.ts';
import { type Beginning, Begins } from './begins.ts';
import { Blocking, type Verdict } from './blocking.ts';
import { Calls } from './calls.ts';
import { type BlockingLead, Leads } from './leads.ts';
import type { Mailbox } from './mailbox.ts';
import { memoryOf, onTheWire } from './outcome-message.ts';
import type { Presence, ThreadLife } from './presence.ts';
import { receive } from './receive.ts';
import { type Order, type Question, type RequestAnswer, Requests } from './requests.ts';
import { Tasks } from './tasks.ts';

/** A claim, its answer, and an outcome. */
const CLAIM_MESSAGES = 3;

/** What a pool's own thread and one that was attached do not have in common. */
export interface ThreadParts {
  /** `pool`: its pool is never closed before the thread ends. */
  readonly kind: 'pool' | 'guest';
  readonly mailbox: Mailbox;
  readonly presence: Presence;
  /** Whether its pool was closed. */
  isClosed(): boolean;
  /** The coordinator is about to end the thread. */
  end(): void;
}

export class ThreadSide implements RemoteSide {
  readonly kind: 'pool' | 'guest';
  readonly #isClosed: () => boolean;
  readonly #mailbox: Mailbox;
  readonly #presence: Presence;
  readonly #tasks: Tasks;
  readonly #reads: Reads;
  readonly #calls = new Calls(() => this.#presence.ended());
  readonly #running: Running;
  readonly #blocking: Blocking;
  readonly #leads: Leads;
  readonly #requests: Requests;
  readonly #sampling: Sampling;
  readonly #begins = new Begins();

  constructor({ kind, mailbox, presence, isClosed, end }: ThreadParts) {
    this.kind = kind;
    this.#isClosed = isClosed;
    this.#mailbox = mailbox;
    this.#presence = presence;
    this.#reads = new Reads(kind === 'pool', (what) => this.#post(what));
    // Only a pool's thread is handed work.
    this.#sampling = new Sampling(this.#reads, ({ info: { id: fn } }, sample) =>
      this.#post({ type: 'measured', fn, sample }),
    );
    beforeTracking(() => this.#reads.endShortcuts());
    const awaiting = new Awaiting((leases) => this.#post({ type: 'await', leases }));
    const occupant = mailbox.cells.subarray(RUNNING_CELL, RUNNING_CELL + 1);
    const began = (lease: number) => this.#post({ type: 'began', lease });
    this.#running = new Running(occupant, kind === 'pool' ? awaiting : undefined, began);
    this.#tasks = new Tasks(mailbox.cells, this.#running, {
      report: (outcome) => this.#finish(outcome),
      mayGoOn: () => presence.lookAgain(),
    });
    this.#blocking = new Blocking(mailbox);
    this.#requests = new Requests(mailbox);
    const ours = { calls: this.#calls, blocking: this.#blocking, reads: this.#reads };
    const begins = this.#begins;
    this.#leads = new Leads({
      ...ours,
      running: this.#running,
      post: (message) => this.#post(message),
      leave: (call, reason) => this.#leave(call, reason),
      finish: (outcome) => this.#finish(outcome),
      acknowledged: (call) => this.#requests.acknowledged(call),
    });
    const work = { tasks: this.#tasks, leads: this.#leads, requests: this.#requests };
    const refresh = (definition: Definition, key: string, args: Arguments) =>
      this.#refresh(definition, key, args);
    const receivers = { ...ours, ...work, begins, presence, end, refresh };
    presence.serve(this.#life());
    mailbox.open(
      (message) => receive(message, receivers),
      () => presence.heard(),
    );
  }

  get closed(): boolean {
    return this.#isClosed();
  }

  #life(): ThreadLife {
    return {
      isQuiet: () =>
        this.#calls.size + this.#running.size + this.#requests.open + this.#tasks.waiting === 0,
      isAwaited: () => this.#calls.size + this.#requests.open > 0,
      work: () => this.#tasks.startAll(),
      stay: () => this.#post({ type: 'stay' }),
    };
  }

  signal(): AbortSignal | undefined {
    const computation = currentComputation();
    if (!computation) return undefined;
    if (this.#mailbox.isFull) ensureHeadroom();
    this.#mailbox.poll();
    this.#startSoon();
    return computation.signal;
  }

  find(call: Call): Sight {
    const found = this.#reads.look(call, true);
    if (found.state === 'due') this.#refreshOf(call);
    return found;
  }

  date(): number {
    return this.#reads.clock?.date() ?? dateNow();
  }

  call(call: Call): Promise<unknown> {
    return this.#claim(call, call.definition.info.thread === 'main' ? 'wait' : 'lead');
  }

  /** Of a function that is not the pool's to compute it is a call. */
  fork(call: Call): Promise<unknown> {
    return this.#claim(call, call.definition.info.thread === 'caller' ? 'lead' : 'wait');
  }

  /** What arrives meanwhile is handled, and nothing else is done in this thread. */
  sync(call: Call): unknown {
    const found = this.#look(call, true, currentTracker());
    if (found.state === 'due') this.#refreshOf(call);
    if (found.state !== 'missed') return found.value;
    ensureHeadroom();
    const { definition } = call;
    const args = call.copyArgs();
    const from = currentComputation();
    if (!from?.isRunning && startsApplication(definition)) throw noCallerWaits();
    if (from?.cancelled) throw noCallerWaits();
    if (!calls.hasSubscribers) return this.#block(call, { definition, args, event: undefined });
    const event: CallEvent = { functionId: definition.info.id, key: call.fullKey };
    return tracedSync(event, () => this.#block(call, { definition, args, event }));
  }

  #block(call: Call, blocking: BlockingLead): unknown {
    const from = currentComputation();
    const { definition, args, event } = blocking;
    const number = this.#requests.number(definition);
    this.#sampling.missed(call, CLAIM_MESSAGES);
    const fn = definition.info.id;
    const sent = isForOthers(definition) && { args };
    const claim = { call: number, fn, key: call.key, parent: from?.lease, refresh: false, ...sent };
    if (this.#reads.explains) this.#post({ type: 'asked', fn, key: call.key, args });
    const mine = this.#leads.hasBegun ? undefined : this.#mayBegin(call);
    this.#leads.passBegunOn();
    const { handled } = this.#leads;
    const more = { ...(mine && { begun: mine.begun }), ...contextOf(event) };
    this.#post({ type: 'claim', ...claim, mode: 'block', handled, ...more });
    from?.beginWait();
    try {
      if (mine && this.#begins.take(mine))
        return this.#leads.computeNow(blocking, mine.begun.lease);
      this.#leads.passAllOn();
      const conclude = (verdict: Verdict): unknown => {
        if (verdict.type !== 'lease' || !verdict.hasStale)
          return this.#conclude(blocking, call.key, verdict);
        const value = this.#leads.computeOrReport(blocking, verdict.lease);
        return value === MISS ? this.#blocking.wait(number, from, conclude) : value;
      };
      return this.#blocking.wait(number, from, conclude);
    } finally {
      from?.endWait();
      this.#startSoon();
    }
  }

  #conclude(blocking: BlockingLead, key: string, verdict: Verdict): unknown {
    const { definition, args, event } = blocking;
    const isAnswer = verdict.type === 'value' || verdict.type === 'failure';
    if (event && isAnswer && verdict.leader) event.leader = verdict.leader;
    switch (verdict.type) {
      case 'value':
        if (verdict.isDue) this.#refresh(definition, key, args);
        return this.#reads.adopt(definition, verdict.entry, verdict.value);
      case 'failure':
        throw decodeThrown(verdict.error);
      case 'lease':
        return this.#leads.computeNow(blocking, verdict.lease);
      case 'cancelled':
        throw noCallerWaits();
    }
  }

  #claim(call: Call, mode: 'lead' | 'wait'): Promise<unknown> {
    const from = currentComputation();
    const { definition, limits } = call;
    const { refresh, maxAge, priority } = limits;
    if (!from?.isRunning && startsApplication(definition)) return new Promise(() => {});
    if (limits.signal?.aborted) {
      from?.tracker?.cannotTell();
      return Promise.reject(limits.signal.reason);
    }
    if (from?.cancelled) return Promise.reject(noCallerWaits());
    const found = refresh ? MISSED : this.#look(call, true, from?.tracker);
    if (found.state === 'due') this.#refreshOf(call);
    if (found.state !== 'missed') return Promise.resolve(found.value);
    ensureHeadroom();
    const args = call.copyArgs();
    const { key } = call;
    const number = this.#requests.number(definition);
    this.#sampling.missed(call, CLAIM_MESSAGES);
    const { id: fn } = definition.info;
    const leave = (reason: unknown) => this.#leave(number, reason);
    const endWatch = watchLimits(limits, fn, call.fullKey, leave, this.#reads.clock);
    const isCallers = definition.info.thread === 'caller';
    const context = isCallers ? new AsyncResource('threadmemo') : undefined;
    const isForced = refresh || maxAge !== undefined;
    const mayReplace = isForced || (from?.tracker !== undefined && !this.#reads.lacks(call));
    const own = { definition, key, args, from, context, mayReplace, endWatch };
    const promise = this.#calls.open(number, own);
    const event: CallEvent | undefined = calls.hasSubscribers
      ? { functionId: fn, key: call.fullKey }
      : undefined;
    if (event) this.#calls.trace(number, event);
    const isSent = mode === 'wait' || isForOthers(definition);
    const more = {
      ...(isSent && { args }),
      ...(priority && { priority }),
      ...(maxAge !== undefined && { maxAge }),
      ...contextOf(event),
    };
    const wanted = { call: number, fn, key, parent: from?.lease, refresh, mode, ...more };
    const isPlain = mode === 'lead' && !isForced;
    const mine = isPlain ? this.#mayBegin(call) : undefined;
    this.#presence.opened();
    if (this.#reads.explains) this.#post({ type: 'asked', fn, key, args });
    this.#post({ type: 'claim', ...wanted, ...(mine && { begun: mine.begun }) });
    if (mine && this.#begins.take(mine)) this.#leads.begin(number, mine.begun.lease);
    return promise;
  }

  #look(call: Call, isUse: boolean, tracker: Tracker | undefined): Found {
    return tracker ? this.#reads.lookFor(call, isUse, tracker) : this.#reads.look(call, isUse);
  }

  #mayBegin(call: Call): Beginning | undefined {
    const number = this.#reads.numberOf(call.definition);
    return this.#begins.prepare(number, call.key, () => this.#reads.lacks(call));
  }

  /**
   * What is not found in memory is asked for, and blocks this thread for one round trip to the
   * coordinator's thread: a value may be so new, or so large, that only the coordinator has it.
   */
  peek(call: Call): { value: unknown } | undefined {
    const tracker = currentTracker();
    const seen = this.#look(call, false, tracker);
    if (seen.state !== 'missed') return seen;
    ensureHeadroom();
    const { definition, key } = call;
    const number = this.#requests.number(definition);
    const parent = tracker && { parent: currentComputation()?.lease };
    const found = this.#ask({ type: 'peek', call: number, fn: definition.info.id, key, ...parent });
    if (found.type !== 'found' || found.entry === 0) return undefined;
    return { value: this.#reads.adopt(definition, found.entry, found.value) };
  }

  invalidate(call: Call): Promise<void> {
    ensureHeadroom();
    const { definition, key } = call;
    const number = this.#requests.number(definition);
    return this.#order({ type: 'invalidate', call: number, fn: definition.info.id, key });
  }

  set(call: Call, value: unknown): Promise<void> {
    ensureHeadroom();
    const { definition, key } = call;
    const computed = given(call, value);
    const number = this.#requests.number(definition);
    return this.#order({ type: 'set', call: number, fn: definition.info.id, key, computed });
  }

  expire(call: Call): Promise<void> {
    ensureHeadroom();
    const { definition, key } = call;
    const number = this.#requests.number(definition);
    return this.#order({ type: 'expire', call: number, fn: definition.info.id, key });
  }

  clear(definition: Definition): Promise<void> {
    ensureHeadroom();
    const call = this.#requests.number(definition);
    return this.#order({ type: 'clear', call, fn: definition.info.id });
  }

  invalidateTags(marks: readonly string[]): Promise<void> {
    ensureHeadroom();
    return this.#order({ type: 'invalidateTags', call: this.#requests.next(), marks });
  }

  expireTags(marks: readonly string[]): Promise<void> {
    ensureHeadroom();
    return this.#order({ type: 'expireTags', call: this.#requests.next(), marks });
  }

  #order(order: Order): Promise<void> {
    this.#presence.opened();
    return this.#reads.fence(this.#requests.order(order));
  }

  explain(call: Call): Promise<Explanation> {
    ensureHeadroom();
    const { definition } = call;
    const args = call.copyArgs();
    const number = this.#requests.number(definition);
    this.#presence.opened();
    const { id: fn } = definition.info;
    return this.#requests.explain({ type: 'explain', call: number, fn, key: call.key, args });
  }

  /** Blocks like {@link peek}. */
  stats(definition: Definition): FunctionStats {
    ensureHeadroom();
    const { id } = definition.info;
    const counted = this.#ask({ type: 'stats', call: this.#requests.number(definition), fn: id });
    return (counted as Extract<RequestAnswer, { type: 'counted' }>).stats;
  }

  #refreshOf(call: Call): void {
    const args = call.copyArgs();
    this.#refresh(call.definition, call.key, args);
  }

  /**
   * Has a value computed again in the background: by the pool or the coordinator's own thread, or right
   * here if the function's option wants that. Then it is a call like another, but no code awaits it.
   */
  #refresh(definition: Definition, key: string, args: Arguments): void {
    const { id: fn, thread } = definition.info;
    const call = this.#requests.number(definition);
    if (thread !== 'caller') return this.#post({ type: 'refresh', fn, key, args });
    const nothing = { from: undefined, context: undefined, mayReplace: false, endWatch: () => {} };
    this.#calls.open(call, { definition, key, args, ...nothing }).catch(() => {});
    const claim = { type: 'claim', call, fn, key, parent: undefined, refresh: false } as const;
    this.#post({ ...claim, mode: 'lead', isRefresh: true });
  }

  #leave(call: number, reason: unknown): void {
    this.#calls.get(call)?.from?.tracker?.cannotTell();
    this.#requests.leave(call);
    this.#calls.fail(call, reason);
  }

  #finish(outcome: Outcome): void {
    if (outcome.type === 'complete' && outcome.ttl > 0)
      this.#reads.locate(outcome.lease, outcome.value);
    this.#mailbox.post(onTheWire(outcome), memoryOf(outcome));
    this.#presence.ended();
  }

  /** Blocks the thread for one round trip. */
  #ask(question: Question): RequestAnswer {
    const answer = this.#requests.ask(question);
    this.#startSoon();
    return answer;
  }

  #post(message: ToCoordinator): void {
    this.#mailbox.post(message);
  }

  /** Tasks may have arrived while a computation looked for mail; they do not start inside of it. */
  #startSoon(): void {
    if (this.#tasks.waiting > 0) this.#presence.lookAgain();
  }
}

function contextOf(event: CallEvent | undefined): { readonly context?: TraceContext } {
  return event?.context ? { context: event.context } : {};
}

/** Another thread may be wanted to compute what is called here. */
function isForOthers({ info: { thread, freshness } }: Definition): boolean {
  return thread === 'main' || freshness?.softTimeout !== undefined;
}
