/**
 * The presence of a thread that was attached: it has work and an event loop of its own, which
 * brings the messages. The channel keeps that alive only while code in the thread waits for an answer.
 *
 * When the pool has closed, the thread says goodbye once nothing is open in it: until then it may
 * have questions on their way, and the coordinator answers them.
 */

import type { Channel } from '../call/channel.ts';
import { setImmediate } from '../runtime/globals.ts';
import type { Presence, ThreadLife } from '../worker/presence.ts';

export class Attendance implements Presence {
  readonly #channel: Channel;
  #thread!: ThreadLife;
  readonly #left: () => void;
  #isHeld = false;
  #isClosed = false;
  #hasLeft = false;

  /** @param left called when the thread has sent its goodbye, and the channel is closed. */
  constructor(channel: Channel, left: () => void) {
    this.#channel = channel;
    this.#left = left;
  }

  serve(thread: ThreadLife): void {
    this.#thread = thread;
  }

  opened(): void {
    if (!this.#isHeld) this.#hold(true);
  }

  ended(): void {
    if (this.#isHeld && !this.#thread.isAwaited()) this.#hold(false);
    if (this.#isClosed) this.#leaveSoon();
  }

  closed(): void {
    this.#isClosed = true;
    this.#leaveSoon();
  }

  heard(): void {}

  /** Only tasks could have arrived, and it gets none. */
  lookAgain(): void {}

  /** Has no shifts. */
  rest(): void {}

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#channel.hold(isHeld);
  }

  /** In a turn of its own: the thread may be blocked until it has an answer. */
  #leaveSoon(): void {
    setImmediate(() => {
      if (this.#hasLeft || !this.#thread.isQuiet()) return;
      this.#hasLeft = true;
      this.#channel.post({ type: 'bye' });
      this.#channel.close();
      this.#left();
    });
  }
}
