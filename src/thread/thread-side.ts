/**
 * A pool's thread: calls that are made in it ask the coordinator, and are computed right here
 * unless somebody has the value or is computing it.
 *
 * Invariant: every pending call ends by exactly one of an answer, its own computation's outcome, or
 * its caller's leaving.
 */

import type { MessagePort } from 'node:worker_threads';
import { watchLimits } from '../call-limits.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type {
  Completed,
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
import { Calls, snapshot } from './calls.ts';
import { computations, mail, nobodyWaits } from './computation.ts';
import { startsApplication } from './load.ts';
import { Mailbox } from './mailbox.ts';
import { Running } from './running.ts';
import { Shift } from './shift.ts';
import { Tasks } from './tasks.ts';

/** Bytes from which an outcome's memory is handed over rather than copied. */
const LARGE = 32_768;

type Asked = Extract<ToThread, { type: 'found' | 'counted' }>;

export class ThreadSide implements Side {
  readonly inPool = true;
  readonly closed = false;
  readonly #mailbox: Mailbox;
  readonly #shift: Shift;
  readonly #tasks: Tasks;
  readonly #frozen = new FrozenValues();
  readonly #defined = new Set<Definition>();
  readonly #calls = new Calls(() => this.#ended());
  readonly #running = new Running();
  /** Waiting for `done`. */
  readonly #orders = new Map<number, () => void>();
  /** The answers that the thread blocks for: several, if an abort listener asks while it does. */
  readonly #asked = new Map<number, Asked>();
  #lastCall = 0;
  /** Claims of calls made off shift: a lease for them would lie in a sleeping thread's port. */
  readonly #heldBack: (() => void)[] = [];

  constructor(port: MessagePort, sharedCells: SharedArrayBuffer) {
    const cells = new Int32Array(sharedCells);
    const receive = (message: ToThread) => this.#receive(message);
    this.#mailbox = new Mailbox(port, cells, receive, () => this.#shift.heard());
    this.#tasks = new Tasks(cells, this.#running, (outcome) => {
      this.#report(outcome);
      this.#ended();
    });
    const isQuiet = () => this.#isQuiet;
    this.#shift = new Shift(this.#mailbox, { work: () => this.#tasks.startAll(), isQuiet });
    mail.read = () => {
      this.#mailbox.poll();
      this.#startSoon();
    };
  }

  /** Takes what the pool has for this thread, until the coordinator says that it is all. */
  work(): Promise<void> {
    const shift = this.#shift.begin();
    for (const post of this.#heldBack.splice(0)) post();
    return shift;
  }

  call(
    definition: Definition,
    key: string,
    args: readonly unknown[],
    options: ResolvedCallOptions,
  ): Promise<unknown> {
    const within = computations.getStore();
    if (!within && startsApplication(definition)) return new Promise(() => {});
    const from = within ?? this.#tasks.loading;
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
    if (this.#shift.on) claim();
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

  #receive(message: ToThread): void {
    if (isTasks(message)) return this.#tasks.take(message);
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
        return this.#ended();
      case 'define':
        return this.#tasks.define(message.number, message.fn);
      case 'rest':
        return this.#shift.rest();
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
    const outcome = await this.#running.run(lease, prepared);
    if (outcome.type === 'fail') this.#calls.fail(call, decodeThrown(outcome.error));
    else this.#calls.answer(call, () => this.#read(definition, lease, outcome.value));
    this.#report(outcome);
    this.#ended();
  }

  #cancel(lease: number): void {
    const computation = this.#running.get(lease);
    if (!computation) return;
    computation.cancel();
    for (const call of this.#calls.madeFrom(computation)) this.#leave(call, nobodyWaits());
  }

  #leave(call: number, reason: unknown): void {
    // Acknowledged: a lease may be on its way to this call, and must be read and declined.
    this.#orders.set(call, () => {});
    this.#post({ type: 'leave', call });
    this.#calls.fail(call, reason);
  }

  #report(outcome: Outcome): void {
    const large = largeBuffer(outcome);
    this.#mailbox.post(onTheWire(outcome), large && [large]);
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

  #read({ options }: Definition, entry: number, value: Portable): unknown {
    return options.values === 'frozen' ? this.#frozen.get(entry, value) : fromPortable(value);
  }

  get #isQuiet(): boolean {
    const open = this.#calls.size + this.#running.size + this.#orders.size + this.#tasks.waiting;
    return open === 0;
  }

  /** Tasks may have arrived while a computation looked for mail; they do not start inside of it. */
  #startSoon(): void {
    if (this.#tasks.waiting > 0) this.#shift.lookAgain();
  }

  #ended(): void {
    if (this.#isQuiet) this.#shift.lookAgain();
  }
}

function isTasks(message: ToThread): message is readonly Task[] {
  return Array.isArray(message);
}

function onTheWire(outcome: Outcome): Completed | Extract<Outcome, { type: 'fail' }> {
  if (outcome.type === 'fail') return outcome;
  const { lease, value, ms, ttl } = outcome;
  return [lease, value, ms, ttl];
}

/** The memory of a large outcome, to be handed over. */
function largeBuffer(outcome: Outcome): ArrayBuffer | undefined {
  const said = outcome.type === 'complete' ? outcome.value : outcome.error;
  if (isPrimitive(said) || said.bytes.byteLength < LARGE) return undefined;
  return said.bytes.buffer as ArrayBuffer;
}
