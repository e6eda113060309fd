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
  type Arguments,
  type FunctionStats,
  type Outcome,
  TASK_CELLS,
  type Tasks as TaskList,
  type ToCoordinator,
  type ToThread,
} from '../protocol.ts';
import { type Definition, keyOf } from '../registry.ts';
import type { Side } from '../side.ts';
import { decodeArgs } from '../values/args.ts';
import { arrived } from '../values/shared-memory.ts';
import { decodeThrown } from '../values/thrown.ts';
import { Blocking, ensureHeadroom, isAsynchronous, type Verdict } from './blocking.ts';
import { Calls, snapshot } from './calls.ts';
import { computations, nobodyWaits } from './computation.ts';
import { startsApplication } from './load.ts';
import { Mailbox } from './mailbox.ts';
import { memoryOf, onTheWire } from './outcome-message.ts';
import type { Presence, ThreadLife } from './presence.ts';
import { Running } from './running.ts';
import { Tasks } from './tasks.ts';

interface Lead {
  readonly call: number;
  readonly definition: Definition;
  readonly args: Arguments;
}

type Asked = Extract<ToThread, { type: 'found' | 'counted' }>;

export abstract class ThreadSide implements Side {
  abstract readonly inPool: boolean;
  abstract readonly closed: boolean;
  /** See `Hello` in `protocol.ts`. */
  readonly cells = new SharedArrayBuffer((1 + TASK_CELLS) * Int32Array.BYTES_PER_ELEMENT);
  readonly #mailbox: Mailbox;
  readonly #presence: Presence;
  readonly #tasks: Tasks;
  readonly #reads: Reads;
  readonly #defined = new Set<Definition>();
  readonly #calls = new Calls(() => this.#ended());
  readonly #running = new Running();
  readonly #blocking: Blocking;
  /** Leases for calls of this thread that start in the next turn. */
  readonly #leads = new Map<number, Lead>();
  /** Leases for calls of this thread that it has read: those in `#leads` last. */
  #heard = 0;
  /** Waiting for `done`. */
  readonly #orders = new Map<number, () => void>();
  /** The answers that the thread blocks for: several, if an abort listener asks while it does. */
  readonly #asked = new Map<number, Asked>();
  #lastCall = 0;
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
    const receive = (message: ToThread) => this.#receive(message);
    this.#mailbox = new Mailbox(line, cells, receive, () => this.#presence.heard());
    this.#tasks = new Tasks(cells, this.#running, (outcome) => this.#finish(outcome));
    this.#blocking = new Blocking(this.#mailbox);
    this.#presence = presenceOf(this.#mailbox, {
      isQuiet: () => this.#isQuiet,
      isAwaited: () => this.#calls.size + this.#orders.size > 0,
      work: () => this.#tasks.startAll(),
      stay: () => this.#post({ type: 'stay' }),
      begun: () => {
        for (const post of this.#heldBack.splice(0)) post();
      },
    });
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
    const call = this.#order(definition);
    const claim = { call, fn: definition.info.id, key, parent: from?.lease, refresh: false };
    this.#post({ type: 'claim', ...claim, mode: 'block', handled: this.#heard - this.#leads.size });
    for (const lease of this.#leads.keys()) this.#passOn(lease);
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
        return this.#computeNow(definition, args, verdict);
      case 'cancelled':
        throw nobodyWaits();
    }
  }

  #computeNow(
    definition: Definition,
    args: readonly unknown[],
    { call, lease }: { readonly call: number; readonly lease: number },
  ): unknown {
    const saved = snapshot(args);
    if ('refusal' in saved) {
      this.#leave(call, saved.refusal);
      this.#post({ type: 'decline', lease });
      throw saved.refusal;
    }
    const outcome = this.#running.run(lease, () => ({ definition, args: decodeArgs(saved.args) }));
    if (outcome instanceof Promise) {
      void outcome.then((late) => this.#finish(late));
      throw isAsynchronous(definition.info.id);
    }
    try {
      if (outcome.type === 'fail') throw decodeThrown(outcome.error);
      return this.#reads.adopt(definition, lease, outcome.value);
    } finally {
      // Now, because it may hand over the memory that was read.
      this.#finish(outcome);
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
    const call = this.#order(definition);
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
    const found = this.#ask({ type: 'peek', call: this.#order(definition), fn: id, key });
    if (found.type !== 'found' || found.entry === 0) return undefined;
    return { value: this.#reads.adopt(definition, found.entry, found.value) };
  }

  invalidate(definition: Definition, args: readonly unknown[]): Promise<void> {
    const key = definition.argsKey(args);
    const call = this.#order(definition);
    this.#post({ type: 'invalidate', call, fn: definition.info.id, key });
    return this.#done(call);
  }

  clear(definition: Definition): Promise<void> {
    const call = this.#order(definition);
    this.#post({ type: 'clear', call, fn: definition.info.id });
    return this.#done(call);
  }

  #done(order: number): Promise<void> {
    this.#presence.opened();
    return new Promise((resolve) => this.#orders.set(order, resolve));
  }

  /** Blocks like {@link peek}. */
  stats(definition: Definition): FunctionStats {
    const { id } = definition.info;
    const counted = this.#ask({ type: 'stats', call: this.#order(definition), fn: id });
    return (counted as Extract<ToThread, { type: 'counted' }>).stats;
  }

  #receive(message: ToThread): void {
    if (isTasks(message)) return this.#tasks.take(message);
    switch (message.type) {
      case 'value':
        arrived(message.value);
        if (this.#blocking.answer(message)) return;
        return this.#calls.answer(message.call, ({ definition }) =>
          this.#reads.adopt(definition, message.entry, message.value),
        );
      case 'failure':
        if (this.#blocking.answer(message)) return;
        return this.#calls.fail(message.call, decodeThrown(message.error));
      case 'lease':
        this.#heard++;
        if (this.#blocking.answer(message)) return;
        return this.#lead(message.call, message.lease);
      case 'cancel':
        return this.#cancel(message.lease);
      case 'done':
        this.#orders.get(message.call)?.();
        this.#orders.delete(message.call);
        return this.#ended();
      case 'define':
        this.#tasks.define(message.number, message.fn);
        return this.#reads.number(message.fn.id, message.number);
      case 'cache':
        return this.#reads.connect(message.reading);
      case 'rest':
        return this.#presence.rest();
      case 'closed':
        return this.#presence.closed();
      case 'found':
        arrived(message.value);
        this.#asked.set(message.call, message);
        return;
      case 'counted':
        this.#asked.set(message.call, message);
        return;
      default:
        throw new Error(`unknown message: ${JSON.stringify(message satisfies never)}`);
    }
  }

  /** Computes it for the caller here, and for everybody who waits elsewhere. */
  #lead(call: number, lease: number): void {
    const pending = this.#calls.get(call);
    if (!pending) return this.#post({ type: 'decline', lease });
    if ('refusal' in pending.args) {
      this.#leave(call, pending.args.refusal);
      return this.#post({ type: 'decline', lease });
    }
    this.#leads.set(lease, { call, definition: pending.definition, args: pending.args.args });
    if (this.#blocking.isBlocked) return this.#passOn(lease);
    // In a turn of its own: it may have arrived while some other computation looked for mail.
    queueMicrotask(() => void this.#startLead(lease));
  }

  async #startLead(lease: number): Promise<void> {
    const lead = this.#leads.get(lease);
    if (!lead) return;
    this.#leads.delete(lease);
    const { call, definition, args } = lead;
    const outcome = await this.#running.run(lease, () => ({ definition, args: decodeArgs(args) }));
    if (outcome.type === 'fail') this.#calls.fail(call, decodeThrown(outcome.error));
    else this.#calls.answer(call, () => this.#reads.adopt(definition, lease, outcome.value));
    this.#finish(outcome);
  }

  /** Gives back a lease that was not started, with what somebody else needs to do it. */
  #passOn(lease: number): void {
    const lead = this.#leads.get(lease);
    this.#leads.delete(lease);
    if (lead) this.#post({ type: 'decline', lease, args: lead.args });
  }

  #cancel(lease: number): void {
    if (this.#leads.has(lease)) return this.#passOn(lease);
    const computation = this.#running.get(lease);
    if (!computation) return;
    computations.run(computation, () => computation.cancel());
    for (const call of this.#calls.madeFrom(computation)) this.#leave(call, nobodyWaits());
    for (const call of this.#blocking.madeFrom(computation)) {
      this.#leave(call, nobodyWaits());
      this.#blocking.answer({ type: 'cancelled', call });
    }
  }

  #leave(call: number, reason: unknown): void {
    // Acknowledged: a lease may be on its way to this call, and must be read and declined.
    this.#orders.set(call, () => {});
    this.#post({ type: 'leave', call });
    this.#calls.fail(call, reason);
  }

  #finish(outcome: Outcome): void {
    if (outcome.type === 'complete' && outcome.ttl > 0)
      this.#reads.locate(outcome.lease, outcome.value);
    this.#mailbox.post(onTheWire(outcome), memoryOf(outcome));
    this.#ended();
  }

  /** The number of a new request about a function that the coordinator knows. */
  #order(definition: Definition): number {
    if (!this.#defined.has(definition)) {
      this.#defined.add(definition);
      this.#post({ type: 'define', fn: definition.info });
    }
    return ++this.#lastCall;
  }

  #ask(question: Extract<ToCoordinator, { type: 'peek' | 'stats' }>): Asked {
    this.#post(question);
    this.#mailbox.wait(() => this.#asked.has(question.call));
    this.#startSoon();
    const answer = this.#asked.get(question.call) as Asked;
    this.#asked.delete(question.call);
    return answer;
  }

  #post(message: ToCoordinator): void {
    this.#mailbox.post(message);
  }

  get #isQuiet(): boolean {
    const open = this.#calls.size + this.#running.size + this.#orders.size + this.#tasks.waiting;
    return open === 0;
  }

  /** Tasks may have arrived while a computation looked for mail; they do not start inside of it. */
  #startSoon(): void {
    if (this.#tasks.waiting > 0) this.#presence.lookAgain();
  }

  #ended(): void {
    this.#presence.ended();
  }
}

function isTasks(message: ToThread): message is TaskList {
  return Array.isArray(message);
}
