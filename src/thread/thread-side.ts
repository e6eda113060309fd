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
  /** The answer that the thread blocks for. */
  #asked: Asked | undefined;
  #lastCall = 0;
  /** The task that waits for its module's evaluation: calls made meanwhile are made from it. */
  #loading: Computation | undefined;
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
    this.#post({ type: 'claim', call, fn: definition.info.id, key, parent, refresh });
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
    const [only] = tasks;
    if (only && tasks.length === 1)
      return after(this.#runTask(only), (outcome) => this.#finish(outcome));
    return this.#runAll(tasks);
  }

  async #runAll(tasks: readonly Task[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const task of tasks) {
      const outcome = this.#runTask(task);
      const settled = outcome instanceof Promise ? await outcome : outcome;
      if (settled) outcomes.push(settled);
    }
    if (!this.#isQuiet) await this.#quiet();
    return outcomes;
  }

  #finish(outcome: Outcome | undefined): Outcome[] | Promise<Outcome[]> {
    const outcomes = outcome ? [outcome] : [];
    return this.#isQuiet ? outcomes : this.#quiet().then(() => outcomes);
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
        this.#loading = undefined;
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
        this.#asked = message;
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
    let answer: Asked | undefined;
    this.#mailbox.wait(() => {
      answer = this.#asked;
      return answer?.call === question.call;
    });
    return answer as Asked;
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
