/**
 * The calls that block this thread, and those whose values it computes right there: several, because
 * what is computed makes such calls too, and an abort listener may make one while another waits.
 *
 * A thread that blocks waits for work of others, who may in turn wait for work of this thread. So a thread
 * that blocks holds nothing that it has not started: a lease that it gets for another call it gives
 * back together with the arguments, and the coordinator takes back the tasks that it was handed.
 */

import type { Computation } from '../compute/computation.ts';
import type { ToThread } from '../protocol.ts';
import type { Mailbox } from './mailbox.ts';

export type Verdict =
  | Extract<ToThread, { type: 'value' | 'failure' | 'lease' }>
  /** The computation that has made the call was told to stop. */
  | { readonly type: 'cancelled'; readonly call: number };

interface Blocked {
  /** The computation that has made the call. */
  readonly from: Computation | undefined;
  /** There is none yet: the thread is blocked. */
  verdict: Verdict | undefined;
}

export class Blocking {
  readonly #mailbox: Mailbox;
  readonly #calls = new Map<number, Blocked>();

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  /** Whether a call waits. */
  get isBlocked(): boolean {
    for (const { verdict } of this.#calls.values()) if (!verdict) return true;
    return false;
  }

  /**
   * Blocks the thread until there is a verdict, hearing its messages meanwhile, and has `conclude`
   * make a value of it.
   */
  wait<T>(call: number, from: Computation | undefined, conclude: (verdict: Verdict) => T): T {
    const blocked: Blocked = { from, verdict: undefined };
    this.#calls.set(call, blocked);
    try {
      this.#mailbox.wait(() => blocked.verdict !== undefined);
      return conclude(blocked.verdict as unknown as Verdict);
    } finally {
      this.#calls.delete(call);
    }
  }

  /** False if this is nothing for a call that waits: a lease after a cancellation is to be declined. */
  answer(verdict: Verdict): boolean {
    const blocked = this.#calls.get(verdict.call);
    if (!blocked || (blocked.verdict && verdict.type === 'lease')) return false;
    blocked.verdict ??= verdict;
    return true;
  }

  /** The calls that were made from a computation. */
  madeFrom(lease: number): number[] {
    return [...this.#calls].filter(([, { from }]) => from?.lease === lease).map(([call]) => call);
  }
}
