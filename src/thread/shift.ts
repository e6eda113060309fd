/**
 * A shift: a task of Piscina's, during which this thread takes its work from the port.
 *
 * While anything is open in the thread (a computation, a call, an order) its event loop goes on, and
 * messages come as events. When nothing is, the thread blocks until there is mail, because reading
 * it then is much faster than being woken by an event. Before it blocks it lets the event loop turn
 * once, so that what the work has left behind (microtasks, timers, output) is done.
 *
 * The coordinator ends a shift, when it has had nothing to do for a while: nobody else knows what is
 * on its way. If anything is open in the thread then, it says that it stays, because off shift it
 * would sleep, and whatever it held would keep others waiting. So both always agree in the end.
 */

import type { Mailbox } from './mailbox.ts';
import type { Presence, ThreadLife } from './presence.ts';

export class Shift implements Presence {
  readonly #mailbox: Mailbox;
  readonly #thread: ThreadLife;
  /** Ends Piscina's task; `undefined` off shift. */
  #end: (() => void) | undefined;
  #toldToRest = false;
  #working = false;
  /** A turn of the event loop is under way, after which we look again. */
  #turning = false;

  constructor(mailbox: Mailbox, thread: ThreadLife) {
    this.#mailbox = mailbox;
    this.#thread = thread;
  }

  get on(): boolean {
    return this.#end !== undefined;
  }

  /** What Piscina runs. */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#toldToRest = false;
      this.#work(false);
      this.#thread.begun();
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
      if (idle) this.#mailbox.sleep();
      else {
        this.#turn();
        break;
      }
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
    setImmediate(async () => {
      await written(process.stdout);
      await written(process.stderr);
      this.#turning = false;
      if (this.on) this.#work(true);
    });
  }
}

/** A thread's output goes through its event loop; without it, it would appear much later. */
function written(stream: NodeJS.WriteStream): Promise<unknown> | undefined {
  if (stream.writableLength === 0) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}
