/** Starts a worker before the pool is opened, and attaches it. Says what came of it. */

import { Worker } from 'node:worker_threads';
import { createPool } from 'threadmemo';

const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
const pool = await createPool({ threads: 1 });
const young = new Worker('', { eval: true });
const outcomes = await Promise.allSettled([worker, worker, young].map((each) => pool.attach(each)));
console.log(outcomes.map(({ status, reason }) => reason?.code ?? status).join(' '));
await worker.terminate();
