/**
 * A thread's end of its line: reads by event, or on demand while the thread does not return to its
 * event loop, or blocks until there is something.
 *
 * The coordinator adds 1 to the `mail` cell after each message, and the thread counts what it has
 * read. So `poll` is one atomic load when there is nothing new. A message may become readable a
 * moment after its count, so a blocked thread looks again after a millisecond at the latest.
 */

import type { Line } from '../line.ts';
import type { ToCoordinator, ToThread } from '../protocol.ts';

const LOOK_AGAIN_MS = 1;
const MAIL = 0;

export class Mailbox {
  readonly #line: Line;
  readonly #cells: Int32Array;
  readonly #receive: (message: ToThread) => void;
  /** Messages read so far, by either way. */
  #read = 0;

  /**
   * @param cells the first counts what the coordinator has posted.
   * @param heard called when the event loop has brought a message, and it was handled.
   */
  constructor(
    line: Line,
    cells: Int32Array,
    receive: (message: ToThread) => void,
    heard: () => void,
  ) {
    this.#line = line;
    this.#cells = cells;
    this.#receive = (message) => {
      this.#read = (this.#read + 1) | 0;
      receive(message);
    };
    line.listen((message) => {
      this.#receive(message as ToThread);
      heard();
    });
  }

  post(message: ToCoordinator, transfer?: ArrayBuffer[]): void {
    this.#line.post(message, transfer);
  }

  /** Handles what has arrived; false if nothing has. */
  poll(): boolean {
    if (Atomics.load(this.#cells, MAIL) === this.#read) return false;
    this.#drain();
    return true;
  }

  /** Blocks the thread, handling messages, until `answered` says so. */
  wait(answered: () => boolean): void {
    for (;;) {
      const count = Atomics.load(this.#cells, MAIL);
      this.#drain();
      if (answered()) return;
      Atomics.wait(this.#cells, MAIL, count, LOOK_AGAIN_MS);
    }
  }

  /** Blocks the thread until there is mail. */
  sleep(): void {
    Atomics.wait(this.#cells, MAIL, this.#read);
  }

  #drain(): void {
    for (let got = this.#line.take(); got; got = this.#line.take()) {
      this.#receive(got.message as ToThread);
    }
  }
}
