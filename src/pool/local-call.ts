/** A call on the coordinator's own thread: what is wanted, and its waiter. */

import { AsyncResource } from 'node:async_hooks';
import type { Call } from '../call/call.ts';
import { rebuilt } from '../call/module-exports.ts';
import { type Definition, keyOf } from '../call/registry.ts';
import type { Pending } from '../clock.ts';
import { type Computation, noCallerWaits } from '../compute/computation.ts';
import type { Answer, StaleAnswer, Waiter, Want } from '../coordinator/flight.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import { notePart } from '../coordinator/parts.ts';
import { type CallEvent, calls } from '../events/channels.ts';
import { Trace } from '../events/trace.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type { Arguments, Portable, Priority, TraceContext } from '../protocol.ts';

type Read = (definition: Definition, entry: number, value: Portable) => unknown;

/** Until the promise is there. */
const unsettled: (outcome: unknown) => void = () => {};

export class LocalCall implements Waiter, Want {
  readonly peer = undefined;
  readonly mode = 'wait';
  readonly fn: FunctionRecord;
  readonly key: string;
  readonly args: Arguments;
  readonly limits: ResolvedCallOptions;
  readonly promise: Promise<unknown>;
  /** The computation in this thread that the call was made from. */
  readonly from: Computation | undefined;
  parent: Waiter['parent'] = undefined;
  flight: Waiter['flight'] = undefined;
  place = 0;
  asked = 0;
  takesStale: StaleAnswer = 'no';
  ledBy: TraceContext | undefined;
  endWatch: (() => void) | undefined;
  /** Keeps the process alive until this is answered. */
  keptAlive: Pending | undefined;
  readonly #definition: Definition;
  readonly #read: Read;
  /** Only of a function that computes in its caller's context, and where calls are traced. */
  readonly #context: AsyncResource | undefined;
  #event: CallEvent | undefined;
  #hasEnded = false;
  #resolve = unsettled;
  #reject = unsettled;

  /** @param args a copy, of which the call's key is made */
  constructor(
    call: Call,
    args: Arguments,
    fn: FunctionRecord,
    read: Read,
    from: Computation | undefined,
  ) {
    this.fn = fn;
    this.from = from;
    if (fn.info.thread === 'caller' || calls.hasSubscribers)
      this.#context = new AsyncResource('threadmemo');
    this.key = call.key;
    this.args = args;
    this.limits = call.limits;
    this.#read = read;
    this.#definition = call.definition;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    from?.beginWait();
  }

  /** Tells of it, in its caller's context; it is no hit. */
  trace(kind: NonNullable<CallEvent['kind']>): void {
    const { id } = this.fn.info;
    const event: CallEvent = { functionId: id, key: keyOf(id, this.key), kind };
    const trace = this.inContext(() => new Trace<CallEvent>(calls, event));
    this.#event = event;
    const [resolve, reject] = [this.#resolve, this.#reject];
    const leader = () => this.ledBy && { leader: this.ledBy };
    this.#resolve = (value) => {
      trace.end({ ...leader() });
      resolve(value);
    };
    this.#reject = (error) => {
      trace.end({ error, ...leader() });
      reject(error);
    };
  }

  get context(): TraceContext | undefined {
    return this.#event?.context;
  }

  get waiter(): Waiter {
    return this;
  }

  get refresh(): boolean {
    return this.limits.refresh;
  }

  get maxAge(): number | undefined {
    return this.limits.maxAge;
  }

  get priority(): Priority | undefined {
    return this.limits.priority;
  }

  /** What cannot be read is of no concern to the others who wait for the same answer. */
  deliver(answer: Answer): void {
    notePart(this.parent, answer.part);
    this.#end();
    try {
      if (answer.state === 'failure') return rebuilt(answer.error, this.#reject);
      this.#resolve(this.#read(this.#definition, answer.entry, answer.value));
    } catch (unreadable) {
      this.#reject(unreadable);
    }
  }

  fail(reason: unknown): void {
    this.#end();
    this.#reject(reason);
  }

  inContext<T>(run: () => T): T {
    return this.#context ? this.#context.runInAsyncScope(run) : run();
  }

  ledItself(): void {}

  /** The computation may await its calls one after another: none is an unhandled rejection meanwhile. */
  forsaken(): void {
    this.promise.catch(() => {});
    this.fail(noCallerWaits());
  }

  lead(): never {
    throw new Error("a lease was offered to a call on the coordinator's own thread");
  }

  /** A call may be answered after it has failed: that changes nothing. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.endWatch?.();
    this.keptAlive?.end();
    this.from?.endWait();
  }
}
