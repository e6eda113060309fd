/**
 * A thread that shares a coordinator's cache: calls that are made in it ask the coordinator, and are
 * computed right here unless somebody has the value or is computing it.
 *
 * Invariant: every pending call ends by exactly one of an answer, its own computation's outcome, or
 * its caller's leaving.
 */

import { watchLimits } from '../call-limits.ts';
import type { Line } from '../line.ts';
import { MISS, Reads } from '../near/reads.ts';
import type { ResolvedCallOptions } from '../options.ts';
import {
  type FunctionStats,
  type Outcome,
  TASK_CELLS,
  type ToCoordinator,
  type ToThread,
} from '../protocol.ts';
import { type Definition, keyOf } from '../registry.ts';
import type { Side } from '../side.ts';
import { decodeThrown } from '../values/thrown.ts';
import { Blocking, ensureHeadroom, type Verdict } from './blocking.ts';
import { Calls, snapshot } from './calls.ts';
import { computations, nobodyWaits } from './computation.ts';
import { Leads } from './leads.ts';
import { startsApplication } from './load.ts';
import { Mailbox } from './mailbox.ts';
import { memoryOf, onTheWire } from './outcome-message.ts';
import type { Presence, ThreadLife } from './presence.ts';
import { receive } from './receive.ts';
import { type Answer, type Order, type Question, Requests } from './requests.ts';
import { Running } from './running.ts';
import { Tasks } from './tasks.ts';

export abstract class ThreadSide implements Side {
  abstract readonly inPool: boolean;
  abstract readonly closed: boolean;
  /** See `Hello` in `protocol.ts`. */
  readonly cells = new SharedArrayBuffer((1 + TASK_CELLS) * Int32Array.BYTES_PER_ELEMENT);
  readonly #mailbox: Mailbox;
  readonly #presence: Presence;
  readonly #tasks: Tasks;
  readonly #reads: Reads;
  readonly #calls = new Calls(() => this.#presence.ended());
  readonly #running = new Running();
  readonly #blocking: Blocking;
  readonly #leads: Leads;
  readonly #requests: Requests;
  /** Claims of calls made off shift: a lease for them would lie in a sleeping thread's port. */
  readonly #heldBack: (() => unknown)[] = [];

  /** @param staysOpen its pool is never closed before the thread ends */
  constructor(
    line: Line,
    staysOpen: boolean,
    presenceOf: (mailbox: Mailbox, thread: ThreadLife) => Presence,
  ) {
    this.#reads = new Reads(staysOpen);
    const cells = new Int32Array(this.cells);
    const take = (message: ToThread) => receive(message, receivers);
    this.#mailbox = new Mailbox(line, cells, take, () => this.#presence.heard());
    this.#tasks = new Tasks(cells, this.#running, (outcome) => this.#finish(outcome));
    this.#blocking = new Blocking(this.#mailbox);
    this.#requests = new Requests(this.#mailbox);
    const ours = { calls: this.#calls, blocking: this.#blocking, reads: this.#reads };
    this.#leads = new Leads({
      ...ours,
      running: this.#running,
      post: (message) => this.#post(message),
      leave: (call, reason) => this.#leave(call, reason),
      finish: (outcome) => this.#finish(outcome),
    });
    this.#presence = presenceOf(this.#mailbox, {
      isQuiet: () =>
        this.#calls.size + this.#running.size + this.#requests.open + this.#tasks.waiting === 0,
      isAwaited: () => this.#calls.size + this.#requests.open > 0,
      work: () => this.#tasks.startAll(),
      stay: () => this.#post({ type: 'stay' }),
      begun: () => {
        for (const post of this.#heldBack.splice(0)) post();
      },
    });
    const receivers = {
      ...ours,
      tasks: this.#tasks,
      leads: this.#leads,
      requests: this.#requests,
      presence: this.#presence,
    };
  }

  signal(): AbortSignal | undefined {
    const computation = computations.getStore();
    if (!computation) return undefined;
    this.#mailbox.poll();
    this.#startSoon();
    return computation.signal;
  }

  call(
    definition: Definition,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    return this.#claim(definition, args, options, 'lead');
  }

  fork(
    definition: Definition,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    return this.#claim(definition, args, options, 'wait');
  }

  /** What arrives meanwhile is heard, and nothing else is done in this thread. */
  sync(definition: Definition, args: readonly unknown[]): unknown {
    const hit = this.#reads.hit(definition, args);
    if (hit !== MISS) return hit;
    ensureHeadroom();
    const key = definition.argsKey(args);
    const from = computations.getStore();
    if (!from?.isRunning && startsApplication(definition)) throw nobodyWaits();
    if (from?.cancelled) throw nobodyWaits();
    const call = this.#requests.number(definition);
    const claim = { call, fn: definition.info.id, key, parent: from?.lease, refresh: false };
    this.#post({ type: 'claim', ...claim, mode: 'block', handled: this.#leads.handled });
    this.#leads.passAllOn();
    from?.beginWait();
    try {
      const conclude = (verdict: Verdict) => this.#conclude(definition, args, verdict);
      return this.#blocking.wait(call, from, conclude);
    } finally {
      from?.endWait();
      this.#startSoon();
    }
  }

  #conclude(definition: Definition, args: readonly unknown[], verdict: Verdict): unknown {
    switch (verdict.type) {
      case 'value':
        return this.#reads.adopt(definition, verdict.entry, verdict.value);
      case 'failure':
        throw decodeThrown(verdict.error);
      case 'lease':
        return this.#leads.computeNow(definition, args, verdict);
      case 'cancelled':
        throw nobodyWaits();
    }
  }

  #claim(
    definition: Definition,
    args: readonly unknown[],
    options: ResolvedCallOptions,
    mode: 'lead' | 'wait',
  ): Promise<unknown> {
    const from = computations.getStore();
    if (!from?.isRunning && startsApplication(definition)) return new Promise(() => {});
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (from?.cancelled) return Promise.reject(nobodyWaits());
    const hit = options.refresh ? MISS : this.#reads.hit(definition, args);
    if (hit !== MISS) return Promise.resolve(hit);
    const saved = snapshot(args);
    if (mode === 'wait' && 'refusal' in saved) return Promise.reject(saved.refusal);
    const key = definition.argsKey(args);
    const call = this.#requests.number(definition);
    const gone = (reason: unknown) => this.#leave(call, reason);
    const endWatch = watchLimits(options, definition.info.id, keyOf(definition.info.id, key), gone);
    const promise = this.#calls.open(call, { definition, args: saved, from, endWatch });
    const { refresh } = options;
    const parent = from?.lease;
    const { id } = definition.info;
    const forked = mode === 'wait' && 'args' in saved && { args: saved.args };
    const claim = () =>
      this.#post({ type: 'claim', call, fn: id, key, parent, refresh, mode, ...forked });
    this.#presence.opened();
    if (this.#presence.on) claim();
    else this.#heldBack.push(() => this.#calls.get(call) && claim());
    return promise;
  }

  /**
   * What is not found in memory is asked for, and blocks this thread for one round trip to the
   * coordinator's thread: a value may be so new, or so large, that only the coordinator has it.
   */
  peek(definition: Definition, args: readonly unknown[]): { value: unknown } | undefined {
    const value = this.#reads.peek(definition, args);
    if (value !== MISS) return { value };
    const key = definition.argsKey(args);
    const { id } = definition.info;
    const found = this.#ask({ type: 'peek', call: this.#requests.number(definition), fn: id, key });
    if (found.type !== 'found' || found.entry === 0) return undefined;
    return { value: this.#reads.adopt(definition, found.entry, found.value) };
  }

  invalidate(definition: Definition, args: readonly unknown[]): Promise<void> {
    const key = definition.argsKey(args);
    const call = this.#requests.number(definition);
    return this.#order({ type: 'invalidate', call, fn: definition.info.id, key });
  }

  clear(definition: Definition): Promise<void> {
    const call = this.#requests.number(definition);
    return this.#order({ type: 'clear', call, fn: definition.info.id });
  }

  #order(order: Order): Promise<void> {
    this.#presence.opened();
    return this.#requests.order(order);
  }

  /** Blocks like {@link peek}. */
  stats(definition: Definition): FunctionStats {
    const { id } = definition.info;
    const counted = this.#ask({ type: 'stats', call: this.#requests.number(definition), fn: id });
    return (counted as Extract<Answer, { type: 'counted' }>).stats;
  }

  #leave(call: number, reason: unknown): void {
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
  #ask(question: Question): Answer {
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
