/**
 * What every worker thread of a pool loads first: gives the thread its side and its port, and hands
 * Piscina the function that is a shift.
 */

import { MessageChannel, type MessagePort, parentPort, threadId } from 'node:worker_threads';
import { portChannel } from '../src/call/channel.ts';
import { installSide } from '../src/call/side.ts';
import type { Hello } from '../src/protocol.ts';
import { poolThread } from '../src/worker/pool-side.ts';

const { port1, port2 } = new MessageChannel();
const { side, cells, work } = poolThread(portChannel(port1));
installSide(side);

const hello: Hello<MessagePort> = { type: 'threadmemo:hello', threadId, port: port2, cells };
parentPort?.postMessage(hello, [port2]);

/**
 * By name: what Piscina loads it with is `require()`, and Node 20 ends the process when a thread is
 * ended while a module with a default export is loaded so.
 */
export const shift = (): Promise<void> => work();
