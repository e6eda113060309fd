/**
 * The calls of a thread that wait for an answer.
 *
 * Invariant: every call that was opened is ended exactly once, by an answer, a failure, or its
 * caller's leaving; whatever comes later for its number finds nothing.
 */

import type { Arguments } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { encodeArgs } from '../values/args.ts';
import type { Computation } from './computation.ts';

/**
 * The arguments as they were: the caller may change its own while the claim is under way. What
 * cannot be copied matters only if it is needed, because `key` may have left it out.
 */
export type Snapshot = { readonly args: Arguments } | { readonly refusal: unknown };

export function snapshot(args: readonly unknown[]): Snapshot {
  try {
    return { args: encodeArgs(args) };
  } catch (refusal) {
    return { refusal };
  }
}

export interface Call {
  readonly definition: Definition;
  readonly args: Snapshot;
  /** The computation that the call was made from. */
  readonly from: Computation | undefined;
  /** Ends the watch over its signal and its timeout. */
  endWatch(): void;
}

interface Pending extends Call {
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

  get(number: number): Call | undefined {
    return this.#pending.get(number);
  }

  /** The promise is the caller's; the time until it settles is not the calling computation's own. */
  open(number: number, call: Call): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(number, { ...call, resolve, reject });
    });
    this.#promises.set(number, promise);
    call.from?.beginWait();
    return promise;
  }

  answer(number: number, read: (call: Call) => unknown): void {
    const call = this.#end(number);
    try {
      call?.resolve(read(call));
    } catch (unreadable) {
      call?.reject(unreadable);
    }
    this.#ended();
  }

  fail(number: number, reason: unknown): void {
    this.#end(number)?.reject(reason);
    this.#ended();
  }

  /**
   * The calls of a computation that is told to stop. All of them are about to fail at once, and it
   * may await them one after another: a rejection that nobody handles yet shall not end the thread.
   */
  madeFrom(computation: Computation): number[] {
    const numbers = [];
    for (const [number, { from }] of this.#pending) if (from === computation) numbers.push(number);
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
