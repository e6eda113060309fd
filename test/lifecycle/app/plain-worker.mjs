/** A thread that the application has started itself: calls, and says what came of it. */

import { parentPort, threadId } from 'node:worker_threads';
import { createPool } from 'threadmemo';
import { square } from './square.mjs';
import { whichThread } from './which-thread.mjs';

const pool = await createPool({ threads: 1 });
const value = await square(7);
const ranIn = await whichThread();
const { computations, threads } = pool.stats();
const second = await createPool().catch(({ name }) => name);
parentPort.postMessage({ value, ownThread: ranIn === threadId, computations, threads, second });
