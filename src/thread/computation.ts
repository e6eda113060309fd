/**
 * The computation that code in a worker thread is part of: which lease it runs under, whether it
 * should stop, and how long it has run itself.
 */

import { AsyncLocalStorage } from 'node:async_hooks';

export class Computation {
  readonly lease: number;
  cancelled = false;
  /** The function has been called: before that, its module may be being loaded. */
  isRunning = false;
  /** Made when somebody asks: most computations never do, and it costs more than they might. */
  #abort: AbortController | undefined;
  #started = performance.now();
  /** Calls made from here that wait, and since when there is at least one. */
  #waits = 0;
  #waitingSince = 0;
  #waited = 0;

  constructor(lease: number) {
    this.lease = lease;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.cancelled) this.#abort.abort(nobodyWaits());
    return this.#abort.signal;
  }

  /** The function starts now; what was prepared for it does not count. */
  start(): void {
    this.isRunning = true;
    this.#started = performance.now();
    this.#waited = 0;
  }

  cancel(): void {
    this.cancelled = true;
    this.#abort?.abort(nobodyWaits());
  }

  beginWait(): void {
    if (this.#waits++ === 0) this.#waitingSince = performance.now();
  }

  endWait(): void {
    if (--this.#waits === 0) this.#waited += performance.now() - this.#waitingSince;
  }

  /** Milliseconds since the start, without the time in which a nested memoized call was waited for. */
  get ownMs(): number {
    const waiting = this.#waits > 0 ? performance.now() - this.#waitingSince : 0;
    return Math.max(0, performance.now() - this.#started - this.#waited - waiting);
  }
}

/** The reason of the signal's abort, and of the failure of calls made from the computation. */
export function nobodyWaits(): DOMException {
  return new DOMException('nobody waits for this computation any more', 'AbortError');
}

export const computations = new AsyncLocalStorage<Computation>();
