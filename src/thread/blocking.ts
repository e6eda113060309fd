/**
 * The calls that block this thread: several, if an abort listener makes one while another waits.
 *
 * Whoever blocks waits for work of others, who may in turn wait for work of this thread. So a thread
 * that blocks holds nothing that it has not started: a lease that it gets for another call it gives
 * back together with the arguments, and the coordinator takes back the tasks that it was handed.
 */

import type { ToThread } from '../protocol.ts';
import type { Computation } from './computation.ts';
import type { Mailbox } from './mailbox.ts';

export type Verdict =
  | Extract<ToThread, { type: 'value' | 'failure' | 'lease' }>
  /** The computation that has made the call was told to stop. */
  | { readonly type: 'cancelled'; readonly call: number };

interface Blocked {
  readonly from: Computation | undefined;
  verdict: Verdict | undefined;
}

export class Blocking {
  readonly #mailbox: Mailbox;
  readonly #calls = new Map<number, Blocked>();

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Blocks the thread, which hears its messages meanwhile. */
  wait(call: number, from: Computation | undefined): Verdict {
    const blocked: Blocked = { from, verdict: undefined };
    this.#calls.set(call, blocked);
    this.#mailbox.wait(() => blocked.verdict !== undefined);
    this.#calls.delete(call);
    return blocked.verdict as unknown as Verdict;
  }

  /** False if this is no answer to a call that blocks. */
  answer(verdict: Verdict): boolean {
    const blocked = this.#calls.get(verdict.call);
    if (blocked) blocked.verdict ??= verdict;
    return blocked !== undefined;
  }

  /** The calls that were made from a computation. */
  madeFrom(computation: Computation): number[] {
    return [...this.#calls].filter(([, { from }]) => from === computation).map(([call]) => call);
  }
}
