/**
 * The calls of a thread that wait for an answer.
 *
 * Invariant: every call that was opened is ended exactly once, by an answer, a failure, or its
 * caller's leaving; whatever comes later for its number finds nothing.
 */

import type { AsyncResource } from 'node:async_hooks';
import type { Definition } from '../call/registry.ts';
import type { Computation } from '../compute/computation.ts';
import { type CallEvent, calls } from '../events/channels.ts';
import { Trace } from '../events/trace.ts';
import type { Arguments, TraceContext } from '../protocol.ts';

export interface OpenCall {
  readonly definition: Definition;
  readonly key: string;
  /** As they were: the caller may change its own while the claim is under way. */
  readonly args: Arguments;
  /** The computation that the call was made from. */
  readonly from: Computation | undefined;
  /** Of a function that is computed in its caller's asynchronous context: that. */
  readonly context: AsyncResource | undefined;
  /** There may be an older value: see `Leads`. */
  readonly mayReplace: boolean;
  /** Ends the watch over its signal and its timeout. */
  endWatch(): void;
  /** What a tracer has made of it, while there is one. */
  event?: CallEvent | undefined;
}

interface Pending extends OpenCall {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

export class Calls {
  readonly #pending = new Map<number, Pending>();
  readonly #promises = new Map<number, Promise<unknown>>();
  readonly #ended: () => void;

  /** @param ended called after each call that has ended. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get size(): number {
    return this.#pending.size;
  }

  get(number: number): OpenCall | undefined {
    return this.#pending.get(number);
  }

  /** The promise is the caller's; the time until it settles is not the calling computation's own. */
  open(number: number, call: OpenCall): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(number, { ...call, resolve, reject });
    });
    this.#promises.set(number, promise);
    call.from?.beginWait();
    return promise;
  }

  /** Tells of a call that was opened just now, and of its end. */
  trace(number: number, event: CallEvent): void {
    const call = this.#pending.get(number);
    if (!call) return;
    const { resolve, reject } = call;
    call.event = event;
    const trace = new Trace<CallEvent>(calls, event);
    call.resolve = (value) => {
      trace.end();
      resolve(value);
    };
    call.reject = (error) => {
      trace.end({ error });
      reject(error);
    };
  }

  /** @param leader of the call that the computation was begun for, if a tracer follows that */
  answer(number: number, read: (call: OpenCall) => unknown, leader?: TraceContext): void {
    const call = this.#end(number);
    if (call?.event && leader) call.event.leader = leader;
    try {
      call?.resolve(read(call));
    } catch (unreadable) {
      call?.reject(unreadable);
    }
    this.#ended();
  }

  fail(number: number, reason: unknown, leader?: TraceContext): void {
    const call = this.#end(number);
    if (call?.event && leader) call.event.leader = leader;
    call?.reject(reason);
    this.#ended();
  }

  /**
   * The calls of a computation that is told to stop. All of them are about to fail at once, and it
   * may await them one after another: a rejection without a handler as yet shall not end the thread.
   */
  madeFrom(lease: number): number[] {
    const numbers = [];
    for (const [number, { from }] of this.#pending) if (from?.lease === lease) numbers.push(number);
    for (const number of numbers) this.#promises.get(number)?.catch(() => {});
    return numbers;
  }

  #end(number: number): Pending | undefined {
    const call = this.#pending.get(number);
    this.#pending.delete(number);
    this.#promises.delete(number);
    call?.endWatch();
    call?.from?.endWait();
    return call;
  }
}
