/**
 * The coordinator's own thread, as one that computes: functions whose `thread` option wants it here,
 * and everything in a pool without threads.
 *
 * A computation begins in a microtask, on an empty stack, and in no caller's asynchronous context; that
 * of a `'caller'` function in its caller's. Many that come together begin in several turns of the event
 * loop, so that they do not keep everything else waiting.
 *
 * Nothing here can be stopped. What is abandoned has its signal aborted, and goes on beside the rest;
 * its outcome is dropped, as that of any lease that was cancelled. The abort comes in a turn of its own,
 * because its listeners are the user's, and may call memoized functions in the midst of a step.
 *
 * Invariant: a lease begins unless it was taken back before, and not after the pool was closed.
 */

import { threadId } from 'node:worker_threads';
import { type Definition, definitionOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import { after } from '../compute/after.ts';
import { type Computation, within } from '../compute/computation.ts';
import type { Work } from '../compute/compute.ts';
import { load } from '../compute/load.ts';
import { outside } from '../compute/outside.ts';
import { Running } from '../compute/running.ts';
import type { Lease, Waiter } from '../coordinator/flight.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import { PeerOf } from '../coordinator/peer.ts';
import type { Arguments, Encoded, FunctionInfo, Outcome, ToThread } from '../protocol.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { decodeArgs } from '../values/args.ts';

/** Milliseconds of one turn in which computations are begun. */
const SLICE_MS = 4;
/** From this on, a function that keeps the thread from everything else is warned about. */
const BLOCKS_MS = 50;

export interface LocalPeerEvents {
  /** A function with a `hardTimeout` has been called. */
  began(lease: number): void;
  ended(outcome: Outcome): void;
  /** For the first time, a computation of the function has kept the thread for so many milliseconds. */
  blocked(fn: FunctionInfo, ms: number): void;
}

export class LocalPeer extends PeerOf<Lease, Waiter> {
  readonly threadId = threadId;
  readonly mail = 0;
  readonly endedBy = 0;
  readonly hasRoom = true;
  override readonly isEndable = false;
  readonly #clock: Clock;
  readonly #events: LocalPeerEvents;
  readonly #occupant = new Int32Array(1);
  readonly #running: Running;
  /** Those that have not begun, in their order. */
  readonly #next = new Set<Lease>();
  readonly #blockers = new WeakSet<FunctionRecord>();
  #isAhead = false;
  #isClosed = false;

  constructor(clock: Clock, events: LocalPeerEvents) {
    super();
    this.#clock = clock;
    this.#events = events;
    this.#running = new Running(this.#occupant, undefined, (lease) => events.began(lease));
  }

  get running(): number {
    return this.#occupant[0] as number;
  }

  tellOf(): void {}

  hasRead(): boolean {
    return true;
  }

  terminate(): void {}

  post(message: ToThread): void {
    if ('type' in message && message.type === 'cancel') this.#cancel(message.lease, message.reason);
  }

  prepare(lease: Lease): void {
    lease.cell = 1;
    this.#next.add(lease);
  }

  handOver(): void {
    if (this.#isAhead || this.#next.size === 0) return;
    this.#isAhead = true;
    outside(() => queueMicrotask(this.#beginSome));
  }

  takeBack(lease: Lease): boolean {
    return this.#next.delete(lease);
  }

  /** For a call that blocks this thread. What is waited for is reported when it is there. */
  computeNow(lease: Lease): Outcome | Promise<Outcome> {
    const outcome = this.#run(lease);
    if (outcome instanceof Promise) void outcome.then((ended) => this.#report(ended));
    return outcome;
  }

  /** Whether it goes on here; one of a pool that was closed does not. */
  has(computation: Computation): boolean {
    return this.#running.get(computation.lease) === computation;
  }

  /** The pool is closed: nothing more begins, and what goes on is told to stop. */
  close(): void {
    this.#isClosed = true;
    this.#next.clear();
    for (const { id } of this.leases) this.#cancel(id);
  }

  readonly #beginSome = (): void => {
    const end = this.#clock.now() + SLICE_MS;
    try {
      for (const lease of this.#next) {
        this.#next.delete(lease);
        this.#begin(lease);
        if (this.#clock.now() >= end) return;
      }
    } finally {
      this.#isAhead = this.#next.size > 0;
      if (this.#isAhead) this.#clock.soon(this.#beginSome);
    }
  };

  #begin(lease: Lease): void {
    const { fn, waiters } = lease.flight;
    const began = this.#clock.now();
    const run = () => this.#run(lease);
    const caller = fn.info.thread === 'caller' ? waiters.find(({ peer }) => !peer) : undefined;
    const outcome = caller?.inContext ? caller.inContext(run) : run();
    this.#watch(fn, this.#clock.now() - began);
    void after(outcome, (ended) => this.#report(ended));
  }

  #run({ id, flight: { fn, args, context } }: Lease): Outcome | Promise<Outcome> {
    // Never without arguments: what starts here has been called here, or by a call that sends them.
    const its = args as Arguments;
    const prepare = (computation: Computation) => workOf(fn.info, its, computation);
    return this.#running.run(id, prepare, context);
  }

  #report(outcome: Outcome): void {
    if (!this.#isClosed) this.#events.ended(outcome);
  }

  /** Up to its end, or its first `await`: what comes later may be anyone's. */
  #watch(fn: FunctionRecord, ms: number): void {
    if (ms < BLOCKS_MS || this.#blockers.has(fn)) return;
    this.#blockers.add(fn);
    this.#events.blocked(fn.info, ms);
  }

  #cancel(lease: number, reason?: Encoded): void {
    const computation = this.#running.get(lease);
    if (!computation || computation.cancelled) return;
    // Calls that it makes before its signal aborts fail already.
    computation.cancelled = true;
    outside(() => queueMicrotask(() => within(computation, () => computation.cancel(reason))));
  }
}

/** What this thread has under that name is right, whichever evaluation of the module it comes from. */
function workOf(
  info: FunctionInfo,
  args: Arguments,
  computation: Computation,
): Work | Promise<Work> {
  const work = (definition: Definition): Work => ({ definition, args: decodeArgs(args) });
  const known = definitionOf(info.id);
  return known ? work(known) : within(computation, () => load(info)).then(work);
}
