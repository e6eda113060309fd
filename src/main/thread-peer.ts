/** A worker thread, as the coordinator talks to it: its port, and what it has been told. */

import type { MessagePort } from 'node:worker_threads';
import type { ToThread } from '../protocol.ts';
import type { FunctionRecord } from './entry.ts';
import type { Lease, Peer } from './flight.ts';

export class ThreadPeer implements Peer {
  readonly leases = new Set<Lease>();
  readonly calls: Peer['calls'] = new Map();
  gone = false;
  replaced = false;
  readonly threadId: number;
  readonly terminate: () => void;
  #port: MessagePort | undefined;
  #mail: Int32Array | undefined;
  /** Functions whose numbers the thread knows. */
  readonly #told = new Set<FunctionRecord>();
  /** Said before the thread's hello. */
  readonly #waiting: ToThread[] = [];

  constructor(threadId: number, terminate: () => void) {
    this.threadId = threadId;
    this.terminate = terminate;
  }

  /** Whether the thread has been told of this function; asked once before each task. */
  knows(fn: FunctionRecord): boolean {
    if (this.#told.has(fn)) return true;
    this.#told.add(fn);
    return false;
  }

  /** Whether the death of the thread will be seen at its port. */
  get attached(): boolean {
    return this.#port !== undefined;
  }

  attach(port: MessagePort, mail: SharedArrayBuffer): void {
    this.#port = port;
    this.#mail = new Int32Array(mail);
    for (const message of this.#waiting.splice(0)) this.post(message);
  }

  post(message: ToThread): void {
    if (!this.#port || !this.#mail) return void this.#waiting.push(message);
    this.#port.postMessage(message);
    Atomics.add(this.#mail, 0, 1);
    Atomics.notify(this.#mail, 0);
  }
}
