/**
 * A pool's thread: calls that are made in it ask the coordinator, and are computed right here
 * unless somebody has the value or is computing it.
 *
 * Invariant: every pending call ends by exactly one of an answer, its own computation's outcome, or
 * its caller's leaving. A task holds its slot until nothing is pending or running in the thread,
 * because a thread without a task does not return to its event loop, and whatever it held would
 * keep others waiting.
 */

import type { MessagePort } from 'node:worker_threads';
import { watchLimits } from '../call-limits.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type {
  Batch,
  FunctionInfo,
  FunctionStats,
  Outcome,
  Portable,
  Task,
  ToCoordinator,
  ToThread,
} from '../protocol.ts';
import type { Definition } from '../registry.ts';
import type { Side } from '../side.ts';
import { decodeArgs } from '../values/args.ts';
import { FrozenValues } from '../values/frozen-values.ts';
import { fromPortable, isPrimitive } from '../values/portable.ts';
import { decodeThrown } from '../values/thrown.ts';
import { after } from './after.ts';
import { Calls, snapshot } from './calls.ts';
import { Computation, computations, mail, nobodyWaits } from './computation.ts';
import { compute, type Work } from './compute.ts';
import { load, loaded, startsApplication } from './load.ts';
import { Mailbox } from './mailbox.ts';

/** Bytes from which an outcome's memory is handed over rather than copied. */
const LARGE = 32_768;

type Asked = Extract<ToThread, { type: 'found' | 'counted' }>;

export class ThreadSide implements Side {
  readonly inPool = true;
  readonly closed = false;
  readonly #mailbox: Mailbox;
  readonly #frozen = new FrozenValues();
  readonly #defined = new Set<Definition>();
  readonly #calls = new Calls(() => this.#settleQuiet());
  readonly #running = new Map<number, Computation>();
  /** Waiting for `done`. */
  readonly #orders = new Map<number, () => void>();
  /** The answers that the thread blocks for: several, if an abort listener asks while it does. */
  readonly #asked = new Map<number, Asked>();
  #lastCall = 0;
  /** The task that waits for its module's evaluation: calls made meanwhile are made from it. */
  #loading: Computation | undefined;
  /** Batches that hold their slot. Without one the thread is about to sleep, or sleeps. */
  #slots = 0;
  /** Claims of calls made without a slot: a lease for them would lie in a sleeping thread's port. */
  readonly #heldBack: (() => void)[] = [];
  /** Messages to the coordinator so far. */
  #said = 0;
  /** By the coordinator's numbers. */
  readonly #functions = new Map<number, FunctionInfo>();
  readonly #cancelledEarly = new Set<number>();
  /** Tasks that have ended, and hold their slot until nothing is open. */
  #whenQuiet: (() => void)[] = [];

  constructor(port: MessagePort, mailCell: SharedArrayBuffer) {
    this.#mailbox = new Mailbox(port, mailCell, (message) => this.#receive(message));
    mail.read = () => this.#mailbox.poll();
  }

  call(
    definition: Definition,
    key: string,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    const within = computations.getStore();
    if (!within && startsApplication(definition)) return new Promise(() => {});
    const from = within ?? this.#loading;
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (from?.cancelled) return Promise.reject(nobodyWaits());
    const call = this.#order(definition);
    const gone = (reason: unknown) => this.#leave(call, reason);
    const endWatch = watchLimits(options, definition.info.id, key, gone);
    const promise = this.#calls.open(call, { definition, args: snapshot(args), from, endWatch });
    const { refresh } = options;
    const parent = from?.lease;
    const { id } = definition.info;
    const claim = () => this.#post({ type: 'claim', call, fn: id, key, parent, refresh });
    if (this.#slots > 0) claim();
    else this.#heldBack.push(claim);
    return promise;
  }

  /** Asks, and blocks this thread for the answer: one round trip to the coordinator's thread. */
  peek(definition: Definition, key: string): { value: unknown } | undefined {
    const found = this.#ask({ type: 'peek', call: this.#order(definition), key });
    if (found.type !== 'found' || found.entry === 0) return undefined;
    return { value: this.#read(definition, found.entry, found.value) };
  }

  invalidate(definition: Definition, key: string): Promise<void> {
    const call = this.#order(definition);
    this.#post({ type: 'invalidate', call, fn: definition.info.id, key });
    return new Promise((resolve) => this.#orders.set(call, resolve));
  }

  clear(definition: Definition): Promise<void> {
    const call = this.#order(definition);
    this.#post({ type: 'clear', call, fn: definition.info.id });
    return new Promise((resolve) => this.#orders.set(call, resolve));
  }

  /** Blocks like {@link peek}. */
  stats(definition: Definition): FunctionStats {
    const { id } = definition.info;
    const counted = this.#ask({ type: 'stats', call: this.#order(definition), fn: id });
    return (counted as Extract<ToThread, { type: 'counted' }>).stats;
  }

  /**
   * Runs what the pool has given to this thread. The outcomes are Piscina's to carry back, but for
   * those that must not become known before something else that the thread has said: two ports have
   * no order between them.
   */
  runBatch({ tasks }: Batch): Outcome[] | Promise<Outcome[]> {
    this.#slots++;
    for (const post of this.#heldBack.splice(0)) post();
    const outcomes: Outcome[] = [];
    const open = this.#start(tasks, outcomes);
    if (open.length > 0 || !this.#isQuiet) return this.#finish(open, outcomes);
    this.#slots--;
    return outcomes;
  }

  /**
   * No task of a batch waits for another to end, and once one of them waits for anything, no outcome
   * is held back: what it waits for may be one of the others.
   */
  #start(tasks: readonly Task[], outcomes: Outcome[]): Promise<void>[] {
    const open: Promise<void>[] = [];
    const settled = (outcome: Outcome | undefined, late: boolean) => {
      if (!outcome) return;
      if (late && tasks.length > 1) this.#report(outcome);
      else outcomes.push(outcome);
    };
    for (const task of tasks) {
      const outcome = this.#runTask(task);
      if (outcome instanceof Promise) open.push(outcome.then((it) => settled(it, true)));
      else settled(outcome, false);
      if (open.length > 0) this.#reportAll(outcomes);
    }
    return open;
  }

  /** Holds the slot until nothing is open, whatever is opened meanwhile. */
  async #finish(open: Promise<void>[], outcomes: Outcome[]): Promise<Outcome[]> {
    await Promise.all(open);
    while (!this.#isQuiet) {
      this.#reportAll(outcomes);
      await this.#quiet();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#slots--;
    return outcomes;
  }

  #reportAll(outcomes: Outcome[]): void {
    for (const outcome of outcomes.splice(0)) this.#report(outcome);
  }

  /** Undefined when the outcome was sent over the port. */
  #runTask(task: Task): Outcome | undefined | Promise<Outcome | undefined> {
    if (task.define) this.#functions.set(task.fn, task.define);
    const said = this.#said;
    const outcome = this.#run(task.lease, (computation) => this.#prepare(task, computation));
    return after(outcome, (result) => {
      if (this.#isQuiet && said === this.#said && !largeBuffer(result)) return result;
      this.#report(result);
      return undefined;
    });
  }

  #prepare({ fn, args }: Task, computation: Computation): Work | Promise<Work> {
    const info = this.#functions.get(fn) as FunctionInfo;
    const definition = loaded(info);
    if (definition) return { definition, args: decodeArgs(args) };
    this.#loading = computation;
    return load(info)
      .then((found) => ({ definition: found, args: decodeArgs(args) }))
      .finally(() => {
        if (this.#loading === computation) this.#loading = undefined;
      });
  }

  #run(
    lease: number,
    prepare: (from: Computation) => Promise<Work> | Work,
  ): Outcome | Promise<Outcome> {
    const computation = new Computation(lease);
    if (this.#cancelledEarly.delete(lease)) computation.cancel();
    this.#running.set(lease, computation);
    return after(
      compute(computation, () => prepare(computation)),
      (outcome) => {
        this.#running.delete(lease);
        return outcome;
      },
    );
  }

  #receive(message: ToThread): void {
    switch (message.type) {
      case 'value':
        return this.#calls.answer(message.call, ({ definition }) =>
          this.#read(definition, message.entry, message.value),
        );
      case 'failure':
        return this.#calls.fail(message.call, decodeThrown(message.error));
      case 'lease':
        return void this.#lead(message.call, message.lease);
      case 'cancel':
        return this.#cancel(message.lease);
      case 'done':
        this.#orders.get(message.call)?.();
        this.#orders.delete(message.call);
        return this.#settleQuiet();
      case 'found':
      case 'counted':
        this.#asked.set(message.call, message);
        return;
      default:
        throw new Error(`unknown message: ${JSON.stringify(message satisfies never)}`);
    }
  }

  /**
   * Computes it for the caller here, and for everybody who waits elsewhere. Starts in a turn of its
   * own: the lease may have arrived while some other computation looked for mail.
   */
  async #lead(call: number, lease: number): Promise<void> {
    const pending = this.#calls.get(call);
    if (!pending) return this.#post({ type: 'decline', lease });
    const { definition, args } = pending;
    if ('refusal' in args) {
      this.#leave(call, args.refusal);
      return this.#post({ type: 'decline', lease });
    }
    const prepared = async () => ({ definition, args: decodeArgs(args.args) });
    const outcome = await this.#run(lease, prepared);
    if (outcome.type === 'fail') this.#calls.fail(call, decodeThrown(outcome.error));
    else this.#calls.answer(call, () => this.#read(definition, lease, outcome.value));
    this.#report(outcome);
    this.#settleQuiet();
  }

  #cancel(lease: number): void {
    const computation = this.#running.get(lease);
    if (!computation) return this.#rememberCancel(lease);
    computation.cancel();
    for (const call of this.#calls.madeFrom(computation)) this.#leave(call, nobodyWaits());
  }

  /** Its task comes by another port, and may be behind. Most are just late, so few are kept. */
  #rememberCancel(lease: number): void {
    this.#cancelledEarly.add(lease);
    const [oldest] = this.#cancelledEarly;
    if (this.#cancelledEarly.size > 100 && oldest) this.#cancelledEarly.delete(oldest);
  }

  #leave(call: number, reason: unknown): void {
    // Acknowledged: a lease may be on its way to this call, and must be read and declined.
    this.#orders.set(call, () => {});
    this.#post({ type: 'leave', call });
    this.#calls.fail(call, reason);
  }

  #report(outcome: Outcome): void {
    const large = largeBuffer(outcome);
    this.#mailbox.post(outcome, large && [large]);
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
    const answer = this.#asked.get(question.call) as Asked;
    this.#asked.delete(question.call);
    return answer;
  }

  #post(message: ToCoordinator): void {
    this.#said++;
    this.#mailbox.post(message);
  }

  #read({ options }: Definition, entry: number, value: Portable): unknown {
    return options.values === 'frozen' ? this.#frozen.get(entry, value) : fromPortable(value);
  }

  get #isQuiet(): boolean {
    return this.#calls.size === 0 && this.#running.size === 0 && this.#orders.size === 0;
  }

  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenQuiet.push(resolve);
      this.#settleQuiet();
    });
  }

  #settleQuiet(): void {
    if (this.#isQuiet) for (const resolve of this.#whenQuiet.splice(0)) resolve();
  }
}

/** The memory of a large outcome, to be handed over. */
function largeBuffer(outcome: Outcome): ArrayBuffer | undefined {
  const said = outcome.type === 'complete' ? outcome.value : outcome.error;
  if (isPrimitive(said) || said.bytes.byteLength < LARGE) return undefined;
  return said.bytes.buffer as ArrayBuffer;
}
