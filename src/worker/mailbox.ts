/**
 * A thread's end of its channel: reads by event, or on demand while the thread does not return to its
 * event loop, or blocks until there is something.
 *
 * The coordinator adds 1 to the `mail` cell after each message, and the thread counts what it has
 * read. So `poll` is one atomic load when there is nothing new. A message may become readable a
 * moment after its count, so a blocked thread looks again after a millisecond at the latest.
 */

import type { Channel } from '../call/channel.ts';
import { CELLS, READ_CELL, type ToCoordinator, type ToThread } from '../protocol.ts';

const LOOK_AGAIN_MS = 1;
const MAIL = 0;

export class Mailbox {
  /** The thread's, see `Joined` in `protocol.ts`: the first counts what the coordinator has posted. */
  readonly cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #channel: Channel;
  #receive: (message: ToThread) => void = () => {};
  /** Messages read so far, by either way. */
  #read = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * From now on messages are read.
   * @param heard called when the event loop has brought a message, and it was handled.
   */
  open(receive: (message: ToThread) => void, heard: () => void): void {
    this.#receive = (message) => {
      this.#read = (this.#read + 1) | 0;
      receive(message);
      Atomics.store(this.cells, READ_CELL, this.#read);
    };
    this.#channel.listen((message) => {
      this.#receive(message as ToThread);
      heard();
    });
  }

  post(message: ToCoordinator, transfer?: ArrayBuffer[]): void {
    this.#channel.post(message, transfer);
  }

  /** Whether something has arrived. */
  get isFull(): boolean {
    return Atomics.load(this.cells, MAIL) !== this.#read;
  }

  /** Handles what has arrived; false if nothing has. */
  poll(): boolean {
    if (!this.isFull) return false;
    this.#drain();
    return true;
  }

  /** Blocks the thread, handling messages, until `answered` says so. */
  wait(answered: () => boolean): void {
    for (;;) {
      const count = Atomics.load(this.cells, MAIL);
      this.#drain();
      if (answered()) return;
      Atomics.wait(this.cells, MAIL, count, LOOK_AGAIN_MS);
    }
  }

  /** Blocks the thread until there is mail; false if none has come for so many milliseconds. */
  sleep(most: number): boolean {
    return Atomics.wait(this.cells, MAIL, this.#read, most) !== 'timed-out';
  }

  #drain(): void {
    for (let got = this.#channel.take(); got; got = this.#channel.take()) {
      this.#receive(got.message as ToThread);
    }
  }
}
