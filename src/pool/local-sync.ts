/**
 * `f.sync` on the coordinator's own thread. It works inside of computations that would be a worker's if
 * there was one: the nested function runs on the spot, because this thread cannot wait for itself.
 */

import type { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
import { type Computation, currentComputation, noCallerWaits } from '../compute/computation.ts';
import { isAsynchronous } from '../compute/compute.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { Answer, Lease, Waiter } from '../coordinator/flight.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import { notePart } from '../coordinator/parts.ts';
import { ThreadError } from '../errors.ts';
import { type CallEvent, calls } from '../events/channels.ts';
import { tracedSync } from '../events/trace.ts';
import type { Arguments, Portable, TraceContext } from '../protocol.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { LocalPeer } from './local-peer.ts';

type Read = (definition: Definition, entry: number, value: Portable) => unknown;

/** The computation that blocks this thread, and its lease. */
interface Blocker {
  readonly computation: Computation;
  readonly lease: Lease;
}

interface BlockingWant {
  readonly call: Call;
  readonly fn: FunctionRecord;
  readonly args: Arguments;
  readonly event: CallEvent | undefined;
}

export class LocalSync {
  readonly #coordinator: Coordinator;
  readonly #own: LocalPeer;
  readonly #read: Read;

  constructor(coordinator: Coordinator, own: LocalPeer, read: Read) {
    this.#coordinator = coordinator;
    this.#own = own;
    this.#read = read;
  }

  /** @throws {ThreadError} when the call is not made from a computation that may block this thread. */
  blocker({ definition: { info } }: Call): Blocker {
    const { threads } = this.#coordinator;
    const computation = currentComputation();
    const goesOn = computation !== undefined && this.#own.has(computation);
    const lease = goesOn ? this.#coordinator.computation(computation.lease) : undefined;
    if (!computation || !lease) throw refusedSync(info.id);
    if (threads > 0 && lease.flight.fn.info.thread !== undefined) throw refusedSync(info.id);
    return { computation, lease };
  }

  /** The value of a call that this thread did not find; throws what the call would be rejected with. */
  run(call: Call, fn: FunctionRecord, { computation, lease: parent }: Blocker): unknown {
    if (computation.cancelled) throw noCallerWaits();
    const { definition } = call;
    const args = call.copyArgs();
    const { key } = call;
    const entry = this.#coordinator.hit(fn, key, undefined, parent);
    if (entry && this.#coordinator.isStale(entry)) this.#coordinator.refresh(fn, key, args, true);
    if (entry) return this.#read(definition, entry.id, entry.value);
    const run = (event?: CallEvent) => this.#block({ call, fn, args, event }, computation, parent);
    if (!calls.hasSubscribers) return run();
    const event: CallEvent = { functionId: fn.info.id, key: call.fullKey, kind: 'miss' };
    return tracedSync(event, () => run(event));
  }

  #block(
    { call, fn, args, event }: BlockingWant,
    computation: Computation,
    parent: Lease,
  ): unknown {
    const { definition, key } = call;
    const waiter = new BlockingCall(parent, event?.context);
    parent.makesCalls();
    const lease = this.#coordinator.leadHere({ fn, key, args, waiter, refresh: false });
    if (!lease) return this.#conclude(definition, waiter.answer);
    computation.beginWait();
    try {
      return this.#compute(definition, lease, waiter);
    } finally {
      computation.endWait();
    }
  }

  #compute(definition: Definition, lease: Lease, waiter: BlockingCall): unknown {
    const outcome = this.#own.computeNow(lease);
    if (outcome instanceof Promise) throw isAsynchronous(definition.info.id);
    this.#coordinator.settle(outcome);
    // A stale value, where that is good enough.
    if (waiter.answer?.state === 'value') return this.#conclude(definition, waiter.answer);
    if (outcome.type === 'fail') throw decodeThrown(outcome.error);
    return this.#read(definition, lease.id, outcome.value);
  }

  #conclude(definition: Definition, answer: Answer | undefined): unknown {
    if (answer?.state === 'value') return this.#read(definition, answer.entry, answer.value);
    throw answer ? decodeThrown(answer.error) : new Error('a call that blocks was not answered');
  }
}

/** For a thread that belongs to no pool, or has opened one. */
export function refusedSync(functionId: string): ThreadError {
  return new ThreadError(
    `sync() of ${functionId} was called on a thread that belongs to no pool: it would block the thread that ` +
      'answers it. Await the call instead; sync() is for code that runs inside memoized functions.',
    { functionId },
  );
}

/** It is answered at once, or computes the value itself. */
class BlockingCall implements Waiter {
  readonly peer = undefined;
  readonly mode = 'wait';
  parent: Waiter['parent'];
  flight: Waiter['flight'] = undefined;
  place = 0;
  asked = 0;
  answer: Answer | undefined;
  readonly context: TraceContext | undefined;

  constructor(parent: Lease, context: TraceContext | undefined) {
    this.parent = parent;
    this.context = context;
  }

  deliver(answer: Answer): void {
    notePart(this.parent, answer.part);
    this.answer = answer;
  }

  lead(): void {}
  ledItself(): void {}
  forsaken(): void {}
}
