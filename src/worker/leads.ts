/**
 * What a thread computes for calls of its own: the leases that they have got, from when they are
 * received until they are settled or given back.
 *
 * Invariant: no call of a thread gets an older value than one that came to its end before it. Where memory may
 * have an older one, a call is answered when the coordinator has heard of the outcome. A `sync` call is not, which
 * computes beside an older value only for a computation that tracks: that value is stale, as any call may get it.
 */

import { noCallerWaits, within } from '../compute/computation.ts';
import { isAsynchronous } from '../compute/compute.ts';
import { outside } from '../compute/outside.ts';
import type { Running } from '../compute/running.ts';
import type { Encoded, Outcome, ToCoordinator, ToThread } from '../protocol.ts';
import { MISS } from '../read/entry-values.ts';
import type { Reads } from '../read/reads.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { decodeArgs } from '../values/args.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Blocking } from './blocking.ts';
import type { Calls, OpenCall } from './calls.ts';

type Lead = Pick<OpenCall, 'definition' | 'args' | 'context' | 'event' | 'mayReplace'> & {
  readonly call: number;
  readonly hasStale: boolean | undefined;
  /** The thread was not sent the lease. */
  readonly isBegun: boolean;
};

/** A call that blocks the thread. */
export type BlockingLead = Pick<OpenCall, 'definition' | 'args' | 'event'>;

type Lease = Extract<ToThread, { type: 'lease' }>;

/** What a thread has for all its calls. */
export interface Workshop {
  readonly calls: Calls;
  readonly running: Running;
  readonly blocking: Blocking;
  readonly reads: Reads;
  post(message: ToCoordinator): void;
  /** Ends a call whose caller goes away, or that cannot be computed. */
  leave(call: number, reason: unknown): void;
  /** Tells what has come of a computation. */
  finish(outcome: Outcome): void;
  /** Settles when the coordinator has heard of all that was told before. */
  acknowledged(call: number): Promise<void>;
}

export class Leads {
  readonly #workshop: Workshop;
  /** Those that start in the next turn. */
  readonly #next = new Map<number, Lead>();
  #heard = 0;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  /** How many leases were read and do not lie here any more. */
  get handled(): number {
    let lie = 0;
    for (const { isBegun } of this.#next.values()) if (!isBegun) lie++;
    return this.#heard - lie;
  }

  /** Whether something that was begun has not been started. */
  get hasBegun(): boolean {
    for (const { isBegun } of this.#next.values()) if (isBegun) return true;
    return false;
  }

  hear(message: Lease): void {
    this.#heard++;
    if (!this.#workshop.blocking.answer(message)) this.#take(message, false);
  }

  /** What a call of this thread has begun without asking. */
  begin(call: number, lease: number): void {
    this.#take({ call, lease }, true);
  }

  /** Computes it for the caller here, and for all waiters elsewhere. */
  #take(lead: Pick<Lease, 'call' | 'lease' | 'hasStale'>, isBegun: boolean): void {
    const { call, lease, hasStale } = lead;
    const { calls, blocking, post } = this.#workshop;
    const pending = calls.get(call);
    if (!pending) return post({ type: 'decline', lease });
    const { definition, args, context, event, mayReplace } = pending;
    const its = { definition, args, context, event, mayReplace };
    this.#next.set(lease, { call, ...its, hasStale, isBegun });
    if (blocking.isBlocked) return this.#passOn(lease);
    // In a turn of its own: it may have arrived while some other computation looked for mail.
    outside(() => queueMicrotask(() => void this.#start(lease)));
  }

  async #start(lease: number): Promise<void> {
    const lead = this.#next.get(lease);
    if (!lead) return;
    this.#next.delete(lease);
    const { calls, reads, running, finish } = this.#workshop;
    const { call, definition, args, context, hasStale, event, mayReplace } = lead;
    const prepare = () => ({ definition, args: decodeArgs(args) });
    const run = () => running.run(lease, prepare, event?.context);
    const outcome = await (context ? context.runInAsyncScope(run) : run());
    if (outcome.type === 'fail') {
      // Else the coordinator answers it, when it learns of this.
      if (!hasStale) calls.fail(call, decodeThrown(outcome.error));
      return finish(outcome);
    }
    const read = () => reads.adopt(definition, lease, outcome.value);
    if (mayReplace) return this.#finishFirst(call, outcome, read);
    calls.answer(call, read);
    finish(outcome);
  }

  #finishFirst(call: number, outcome: Outcome, read: () => unknown): void {
    const { calls, finish, acknowledged } = this.#workshop;
    // Now, because it may hand over the memory that is read.
    const value = resultOf(read);
    finish(outcome);
    void acknowledged(call).then(() => calls.answer(call, value));
  }

  /** The value for a call that blocks the thread; {@link MISS} when it fails, and is answered otherwise. */
  computeOrReport(blocking: BlockingLead, lease: number): unknown {
    const { reads, finish } = this.#workshop;
    const { definition } = blocking;
    const outcome = this.#runNow(blocking, lease);
    try {
      return outcome.type === 'fail' ? MISS : reads.adopt(definition, lease, outcome.value);
    } finally {
      finish(outcome);
    }
  }

  /** The value, or what the function throws, for a call that blocks the thread. */
  computeNow(blocking: BlockingLead, lease: number): unknown {
    const { reads, finish } = this.#workshop;
    const { definition } = blocking;
    const outcome = this.#runNow(blocking, lease);
    try {
      if (outcome.type === 'fail') throw decodeThrown(outcome.error);
      return reads.adopt(definition, lease, outcome.value);
    } finally {
      // Now, because it may hand over the memory that was read.
      finish(outcome);
    }
  }

  #runNow({ definition, args, event }: BlockingLead, lease: number): Outcome {
    const { running, finish } = this.#workshop;
    const prepare = () => ({ definition, args: decodeArgs(args) });
    const outcome = running.run(lease, prepare, event?.context);
    if (!(outcome instanceof Promise)) return outcome;
    void outcome.then(finish);
    throw isAsynchronous(definition.info.id);
  }

  /**
   * The computation is told to stop; one that was not started is given back. Its calls end, those
   * too that it has not waited for before its own end: the coordinator has no waiter for them now.
   */
  cancel(lease: number, reason?: Encoded): void {
    if (this.#next.has(lease)) return this.#passOn(lease);
    const { running, calls, blocking, leave } = this.#workshop;
    const computation = running.get(lease);
    if (computation) within(computation, () => computation.cancel(reason));
    for (const call of calls.madeFrom(lease)) leave(call, noCallerWaits());
    for (const call of blocking.madeFrom(lease)) {
      leave(call, noCallerWaits());
      blocking.answer({ type: 'cancelled', call });
    }
  }

  /** Gives back what was not started: the thread is about to block. */
  passAllOn(): void {
    for (const lease of this.#next.keys()) this.#passOn(lease);
  }

  /**
   * The same of what was begun, to be called before the claim that blocks the thread is sent: the
   * coordinator then gives it out again, and knows that it comes back.
   */
  passBegunOn(): void {
    for (const [lease, { isBegun }] of this.#next) if (isBegun) this.#passOn(lease);
  }

  /** With what another thread needs to do it. */
  #passOn(lease: number): void {
    const lead = this.#next.get(lease);
    this.#next.delete(lease);
    if (lead) this.#workshop.post({ type: 'decline', lease, args: lead.args });
  }
}

/** What gives or throws the same as this does now. */
function resultOf(read: () => unknown): () => unknown {
  try {
    const value = read();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
