/** What a small message costs this machine: both threads' parts of it, without the wait between them. */

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { performance } from '../runtime/globals.ts';

const BATCHES = 5;
const MESSAGES = 40;

let known: number | undefined;

/** Milliseconds; measured once a process, in about one. */
export function messageMs(): number {
  known ??= measured();
  return known;
}

function measured(): number {
  const { port1, port2 } = new MessageChannel();
  let least = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const since = performance.now();
    for (let n = 0; n < MESSAGES; n++) {
      port1.postMessage([n, 'a key', 1.5, 0]);
      receiveMessageOnPort(port2);
    }
    least = Math.min(least, (performance.now() - since) / MESSAGES);
  }
  port1.close();
  return least;
}
