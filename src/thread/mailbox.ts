/**
 * A thread's end of its port: reads by event, or on demand while the thread does not return to its
 * event loop, or blocks until an answer is there.
 *
 * The coordinator adds 1 to the `mail` cell after each message, and the thread counts what it has
 * read. So `poll` is one atomic load when there is nothing new. A message may become readable a
 * moment after its count, so a blocked thread looks again after a millisecond at the latest.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ToCoordinator, ToThread } from '../protocol.ts';

const LOOK_AGAIN_MS = 1;

export class Mailbox {
  readonly #port: MessagePort;
  readonly #mail: Int32Array;
  readonly #receive: (message: ToThread) => void;
  /** Messages read so far, by either way. */
  #read = 0;

  constructor(port: MessagePort, mail: SharedArrayBuffer, receive: (message: ToThread) => void) {
    this.#port = port;
    this.#mail = new Int32Array(mail);
    this.#receive = (message) => {
      this.#read = (this.#read + 1) | 0;
      receive(message);
    };
    port.on('message', this.#receive);
    port.unref();
  }

  post(message: ToCoordinator, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Handles what has arrived, if anything has. */
  poll(): void {
    if (Atomics.load(this.#mail, 0) !== this.#read) this.#drain();
  }

  /** Blocks the thread, handling messages, until `answered` says so. */
  wait(answered: () => boolean): void {
    for (;;) {
      const count = Atomics.load(this.#mail, 0);
      this.#drain();
      if (answered()) return;
      Atomics.wait(this.#mail, 0, count, LOOK_AGAIN_MS);
    }
  }

  #drain(): void {
    for (let got = receiveMessageOnPort(this.#port); got; got = receiveMessageOnPort(this.#port)) {
      this.#receive(got.message);
    }
  }
}
