/**
 * The computation that code in a worker thread is part of: which lease it runs under, whether it
 * should stop, and how long it has run itself.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { inCell } from '../arena/lease-numbers.ts';
import { type Encoded, SHORT_STRETCH, type TraceContext } from '../protocol.ts';
import { performance } from '../runtime/globals.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Awaiting, MayAwait } from './awaiting.ts';
import { beforeStart, type Stretching, unwatch, watch } from './stretches.ts';
import { Tracker } from './tracker.ts';

export class Computation implements Stretching, MayAwait {
  readonly lease: number;
  cancelled = false;
  /** The function has been called: before that, its module may be being loaded. */
  isRunning = false;
  /** Of one that tracks what it uses. */
  tracker: Tracker | undefined;
  /** Made when it is asked for: most computations never do, and it costs more than they might. */
  #abort: AbortController | undefined;
  #reason: () => unknown = noCallerWaits;
  #started = performance.now();
  /** Calls made from here that wait, and since when there is at least one. */
  #waits = 0;
  #waitingSince = 0;
  #waited = 0;
  #hasReturned = false;
  #stretchMs = 0;

  /** Of the call that it was begun for, if a tracer follows that. */
  readonly context: TraceContext | undefined;
  readonly #occupant: Int32Array;
  readonly #awaiting: Awaiting | undefined;

  /**
   * @param occupant one cell, in which the thread says which lease's code occupies it
   * @param awaiting told when the computation may await something
   */
  constructor(
    lease: number,
    occupant: Int32Array,
    awaiting?: Awaiting,
    context?: TraceContext | undefined,
  ) {
    this.lease = lease;
    this.context = context;
    this.#occupant = occupant;
    this.#awaiting = awaiting;
  }

  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  get stretchMs(): number {
    return this.#stretchMs;
  }

  /**
   * Runs code of the computation's, up to its end or its first `await`, so that the coordinator can
   * see what occupies the thread, or has taken it down: such code does not get to the `finally`.
   */
  occupy<T>(run: () => T): T {
    const outer = Atomics.load(this.#occupant, 0);
    const its = inCell(this.lease);
    if (outer === its) return run();
    Atomics.store(this.#occupant, 0, its);
    try {
      return run();
    } finally {
      Atomics.store(this.#occupant, 0, outer);
    }
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.cancelled) this.#abort.abort(this.#reason());
    return this.#abort.signal;
  }

  /** From now on it notes what it reads. */
  track(): void {
    this.tracker = new Tracker();
    if (tracks) return;
    tracks = true;
    for (const each of waiting.splice(0)) each();
  }

  /** The function starts now; what was prepared for it does not count. */
  start(): void {
    this.isRunning = true;
    this.#started = performance.now();
    beforeStart(this.#started);
    this.#waited = 0;
  }

  /** @param reason why, if it is not that no caller waits any more */
  cancel(reason?: Encoded): void {
    this.cancelled = true;
    if (reason) this.#reason = () => decodeThrown(reason);
    this.#abort?.abort(this.#reason());
  }

  beginWait(): void {
    if (this.#waits++ === 0) this.#waitingSince = performance.now();
  }

  endWait(): void {
    if (--this.#waits > 0) return;
    this.#waited += performance.now() - this.#waitingSince;
    if (this.#hasReturned) this.#awaiting?.consider(this);
  }

  /** The function has returned a promise. */
  returned(): void {
    this.#hasReturned = true;
    this.#stretchMs = performance.now() - this.#started;
    watch(this);
    this.#awaiting?.consider(this);
  }

  hasWaitedSince(from: number): boolean {
    return this.#waits > 0 && this.#waitingSince < from;
  }

  heldUp(ms: number): void {
    if (ms <= this.#stretchMs) return;
    this.#stretchMs = ms;
    if (ms > SHORT_STRETCH) this.#awaiting?.consider(this);
  }

  /**
   * It has come to its end. Milliseconds: the longest that it has kept the thread, see
   * `stretches.ts`; `undefined` if the function was not called.
   * @param ownMs read just now
   */
  end(ownMs: number): number | undefined {
    if (!this.isRunning) return undefined;
    if (this.#hasReturned) unwatch(this);
    else this.#stretchMs = ownMs + this.#waited;
    this.#hasReturned = false;
    this.#awaiting?.ended(this);
    return this.#stretchMs;
  }

  /** Milliseconds since the start, waits included. */
  get wallMs(): number {
    return performance.now() - this.#started;
  }

  /** Milliseconds since the start, without the time in which a nested memoized call was waited for. */
  get ownMs(): number {
    const waiting = this.#waits > 0 ? performance.now() - this.#waitingSince : 0;
    return Math.max(0, performance.now() - this.#started - this.#waited - waiting);
  }
}

/** The reason of the signal's abort, and of the failure of calls made from the computation. */
export function noCallerWaits(): DOMException {
  return new DOMException('no caller waits for this computation any more', 'AbortError');
}

/**
 * How a call knows the computation that it is made from: by the asynchronous context, in which each
 * function runs. Nothing else follows it through every `await`, timer and callback, and what a call is
 * made from decides about deadlocks, about cancelling, and about whose time is spent.
 *
 * What that costs: nothing before the first computation of a thread (0.8 ns for a look). From then on
 * Node 20 and 22 follow every promise of the thread, which makes an `await` in it more than twice as
 * slow (85 ns on an idle machine); Node 24 does not. A worker is there for computations, and pays it.
 * On the coordinator's own thread it would be paid by promises that have nothing to do with us: no
 * context may be entered there except by a computation that runs there. (`disable()` gives such a
 * thread its speed back when the last of them has ended; to enter again costs 4 µs on Node 20.)
 *
 * Rejected: a variable that is set while a function runs, which is wrong after its first `await`; and
 * an argument of the function, which would not be the function's own signature any more.
 */
const computations = new AsyncLocalStorage<Computation>();

export function currentComputation(): Computation | undefined {
  return computations.getStore();
}

/** Runs code, and all that it starts, as made from a computation. */
export function within<T>(computation: Computation, run: () => T): T {
  return computations.run(computation, run);
}

/** A computation in this thread has tracked what it uses. */
let tracks = false;
const waiting: (() => void)[] = [];

/** That of the computation that calls; costs next to nothing as long as none tracks anything here. */
export function currentTracker(): Tracker | undefined {
  return tracks ? currentComputation()?.tracker : undefined;
}

/** Runs it before the first computation in this thread that tracks what it uses, or at once. */
export function beforeTracking(run: () => void): void {
  if (tracks) run();
  else waiting.push(run);
}
