/**
 * What every worker thread of a pool loads first: gives the thread its side and its port, and hands
 * Piscina the function that is a shift.
 */

import { MessageChannel, type MessagePort, parentPort, threadId } from 'node:worker_threads';
import { type Hello, TASK_CELLS } from '../src/protocol.ts';
import { installSide } from '../src/side.ts';
import { ThreadSide } from '../src/thread/thread-side.ts';

const { port1, port2 } = new MessageChannel();
const cells = new SharedArrayBuffer((1 + TASK_CELLS) * Int32Array.BYTES_PER_ELEMENT);
const side = new ThreadSide(port1, cells);
installSide(side);

const hello: Hello<MessagePort> = { type: 'threadmemo:hello', threadId, port: port2, cells };
parentPort?.postMessage(hello, [port2]);

export default (): Promise<void> => side.work();
