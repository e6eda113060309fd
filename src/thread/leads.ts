/**
 * What a thread computes for calls of its own: the leases that they have got, from when they are
 * heard until they are settled or given back.
 */

import type { Reads } from '../near/reads.ts';
import type { Arguments, Outcome, ToCoordinator, ToThread } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import { decodeArgs } from '../values/args.ts';
import { decodeThrown } from '../values/thrown.ts';
import { type Blocking, isAsynchronous } from './blocking.ts';
import { type Calls, snapshot } from './calls.ts';
import { computations, nobodyWaits } from './computation.ts';
import type { Running } from './running.ts';

interface Lead {
  readonly call: number;
  readonly definition: Definition;
  readonly args: Arguments;
}

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
    return this.#heard - this.#next.size;
  }

  hear(message: Lease): void {
    this.#heard++;
    if (!this.#workshop.blocking.answer(message)) this.#take(message);
  }

  /** Computes it for the caller here, and for everybody who waits elsewhere. */
  #take({ call, lease }: Lease): void {
    const { calls, blocking, leave, post } = this.#workshop;
    const pending = calls.get(call);
    if (!pending) return post({ type: 'decline', lease });
    if ('refusal' in pending.args) {
      leave(call, pending.args.refusal);
      return post({ type: 'decline', lease });
    }
    this.#next.set(lease, { call, definition: pending.definition, args: pending.args.args });
    if (blocking.isBlocked) return this.#passOn(lease);
    // In a turn of its own: it may have arrived while some other computation looked for mail.
    queueMicrotask(() => void this.#start(lease));
  }

  async #start(lease: number): Promise<void> {
    const lead = this.#next.get(lease);
    if (!lead) return;
    this.#next.delete(lease);
    const { calls, reads, running, finish } = this.#workshop;
    const { call, definition, args } = lead;
    const outcome = await running.run(lease, () => ({ definition, args: decodeArgs(args) }));
    if (outcome.type === 'fail') calls.fail(call, decodeThrown(outcome.error));
    else calls.answer(call, () => reads.adopt(definition, lease, outcome.value));
    finish(outcome);
  }

  /** The value, or what the function throws, for a call that blocks the thread. */
  computeNow(
    definition: Definition,
    args: readonly unknown[],
    { call, lease }: Omit<Lease, 'type'>,
  ): unknown {
    const { reads, running, post, leave, finish } = this.#workshop;
    const saved = snapshot(args);
    if ('refusal' in saved) {
      leave(call, saved.refusal);
      post({ type: 'decline', lease });
      throw saved.refusal;
    }
    const outcome = running.run(lease, () => ({ definition, args: decodeArgs(saved.args) }));
    if (outcome instanceof Promise) {
      void outcome.then(finish);
      throw isAsynchronous(definition.info.id);
    }
    try {
      if (outcome.type === 'fail') throw decodeThrown(outcome.error);
      return reads.adopt(definition, lease, outcome.value);
    } finally {
      // Now, because it may hand over the memory that was read.
      finish(outcome);
    }
  }

  /** The computation is told to stop; one that was not started is given back. */
  cancel(lease: number): void {
    if (this.#next.has(lease)) return this.#passOn(lease);
    const { running, calls, blocking, leave } = this.#workshop;
    const computation = running.get(lease);
    if (!computation) return;
    computations.run(computation, () => computation.cancel());
    for (const call of calls.madeFrom(computation)) leave(call, nobodyWaits());
    for (const call of blocking.madeFrom(computation)) {
      leave(call, nobodyWaits());
      blocking.answer({ type: 'cancelled', call });
    }
  }

  /** Gives back what was not started: the thread is about to block. */
  passAllOn(): void {
    for (const lease of this.#next.keys()) this.#passOn(lease);
  }

  /** With what somebody else needs to do it. */
  #passOn(lease: number): void {
    const lead = this.#next.get(lease);
    this.#next.delete(lease);
    if (lead) this.#workshop.post({ type: 'decline', lease, args: lead.args });
  }
}
