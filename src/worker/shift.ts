/**
 * A shift: a task of Piscina's, during which this thread takes its work from the port.
 *
 * While anything is open in the thread (a computation, a call, an order) its event loop goes on, and
 * messages come as events. When nothing is, the thread blocks for a moment, because reading mail then
 * is much faster than being woken by an event. Before it blocks it lets the event loop turn once, so
 * that what the work has left behind is done. When no mail comes, the event loop goes on, on shift and
 * off: timers that a function leaves behind, or that a module keeps, are late by that moment at most,
 * and calls that they make are answered.
 *
 * The coordinator ends a shift, when it has had nothing to do for a while: no other thread knows what is
 * on its way. If anything is open in the thread then, it says that it stays, because a thread off
 * shift counts as one that has nothing to do. So both always agree in the end. The word to rest may come
 * before Piscina has begun the shift that it ends.
 */

import { outside } from '../compute/outside.ts';
import { setImmediate } from '../runtime/globals.ts';
import type { Mailbox } from './mailbox.ts';
import type { Presence, ThreadLife } from './presence.ts';

/** Milliseconds that the thread blocks, and its timers are late. */
const MOST_SLEEP = 5;

export class Shift implements Presence {
  readonly #mailbox: Mailbox;
  #thread!: ThreadLife;
  /** Ends Piscina's task; `undefined` off shift. */
  #end: (() => void) | undefined;
  #toldToRest = false;
  #working = false;
  /** A turn of the event loop is under way, after which we look again. */
  #turning = false;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  serve(thread: ThreadLife): void {
    this.#thread = thread;
  }

  get on(): boolean {
    return this.#end !== undefined;
  }

  /** What Piscina runs. */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#work(false);
    });
  }

  rest(): void {
    this.#toldToRest = true;
    this.lookAgain();
  }

  heard(): void {
    if (this.on && !this.#working) this.#work(false);
  }

  lookAgain(): void {
    if (this.on && !this.#working) this.#turn();
  }

  opened(): void {}

  ended(): void {
    if (this.#thread.isQuiet()) this.lookAgain();
  }

  /** A pool that closes ends its threads instead. */
  closed(): void {}

  /** `turned`: the event loop has turned since anything was done here. */
  #work(turned: boolean): void {
    this.#working = true;
    for (let idle = turned; this.on; idle = true) {
      if (this.#mailbox.poll()) idle = false;
      this.#thread.work();
      const isQuiet = this.#thread.isQuiet();
      if (this.#toldToRest && !isQuiet) this.#thread.stay();
      if (this.#toldToRest && isQuiet) this.#endShift();
      this.#toldToRest = false;
      if (!isQuiet || !this.on) break;
      if (!idle) this.#turn();
      if (!idle || !this.#mailbox.sleep(MOST_SLEEP)) break;
    }
    this.#working = false;
  }

  #endShift(): void {
    this.#end?.();
    this.#end = undefined;
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    outside(() =>
      setImmediate(() => {
        this.#turning = false;
        if (this.on) this.#work(true);
      }),
    );
  }
}
