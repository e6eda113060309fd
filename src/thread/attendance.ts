/**
 * The presence of a thread that was attached: it has work and an event loop of its own, which
 * brings the messages. The line keeps that alive only while code in the thread waits for an answer.
 *
 * When the pool has closed, the thread says goodbye once nothing is open in it: until then it may
 * have questions on their way, and the coordinator answers them.
 */

import type { Line } from '../line.ts';
import type { Presence, ThreadLife } from './presence.ts';

export class Attendance implements Presence {
  readonly on = true;
  readonly #line: Line;
  readonly #thread: ThreadLife;
  readonly #left: () => void;
  #isHeld = false;
  #isClosed = false;
  #hasLeft = false;

  /** @param left called when the thread has said goodbye, and the line is closed. */
  constructor(line: Line, thread: ThreadLife, left: () => void) {
    this.#line = line;
    this.#thread = thread;
    this.#left = left;
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
    this.#line.hold(isHeld);
  }

  /** In a turn of its own: the thread may be blocked until it has an answer. */
  #leaveSoon(): void {
    setImmediate(() => {
      if (this.#hasLeft || !this.#thread.isQuiet()) return;
      this.#hasLeft = true;
      this.#line.post({ type: 'bye' });
      this.#line.close();
      this.#left();
    });
  }
}
