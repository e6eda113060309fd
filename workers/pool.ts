/**
 * What every worker thread of a pool loads first: gives the thread its side and its port, and hands
 * Piscina the function that runs tasks.
 */

import { MessageChannel, type MessagePort, parentPort, threadId } from 'node:worker_threads';
import type { Batch, Hello, Outcome } from '../src/protocol.ts';
import { installSide } from '../src/side.ts';
import { ThreadSide } from '../src/thread/thread-side.ts';

const { port1, port2 } = new MessageChannel();
const mail = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
const side = new ThreadSide(port1, mail);
installSide(side);

const hello: Hello<MessagePort> = { type: 'threadmemo:hello', threadId, port: port2, mail };
parentPort?.postMessage(hello, [port2]);

export default (batch: Batch): Outcome[] | Promise<Outcome[]> => side.runBatch(batch);
