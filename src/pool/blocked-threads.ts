/**
 * Threads that calls wait for in vain, because code that belongs to no computation occupies them: an
 * endless timer of a module, or what a function goes on doing after its answer. They are replaced.
 *
 * A task that a thread has not started says so while the thread has started no other. (Beside one that
 * was started, that one may occupy the thread, and takes as long as it takes.) Off shift, a thread has
 * been told to rest; one that goes on instead is not given the shift that it is wanted for.
 *
 * What was left behind may be right, and end by itself. So a thread is replaced only when the same was
 * waiting for it at several looks, and a look is one turn of the coordinator's own event loop: a machine
 * that slept, or had no time, does not count.
 */

import type { Clock, Timer } from '../clock.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 1000;
/** Looks at which the same waits, after the first. */
const MOST_LOOKS = 5;

export interface Watched<Thread> {
  threads(): Iterable<Thread>;
  /** Whether any of them may have something to begin. */
  areInUse(): boolean;
  /** What this thread has not begun, the same as long as it is the same; `undefined` if there is nothing. */
  unbegun(thread: Thread): unknown;
  /** It is to be replaced. */
  blocked(thread: Thread): void;
}

interface Wait {
  readonly unbegun: unknown;
  readonly looks: number;
}

export class BlockedThreads<Thread> {
  readonly #clock: Clock;
  readonly #watched: Watched<Thread>;
  #waits = new Map<Thread, Wait>();
  #next: Timer | undefined;
  #isStopped = false;

  constructor(clock: Clock, watched: Watched<Thread>) {
    this.#clock = clock;
    this.#watched = watched;
  }

  /** They are in use. */
  watch(): void {
    if (this.#next || this.#isStopped) return;
    this.#next = this.#clock.after(LOOK_MS, () => {
      this.#next = undefined;
      this.#look();
      if (this.#watched.areInUse()) this.watch();
    });
  }

  /** The pool closes: nothing holds on to its threads, and its memory, from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#next?.cancel();
    this.#next = undefined;
  }

  #look(): void {
    const before = this.#waits;
    this.#waits = new Map();
    for (const thread of this.#watched.threads()) {
      const unbegun = this.#watched.unbegun(thread);
      if (unbegun === undefined) continue;
      const known = before.get(thread);
      const looks = known?.unbegun === unbegun ? known.looks + 1 : 0;
      if (looks < MOST_LOOKS) this.#waits.set(thread, { unbegun, looks });
      else this.#watched.blocked(thread);
    }
  }
}
