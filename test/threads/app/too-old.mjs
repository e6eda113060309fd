/** Starts a worker before threadmemo is loaded, and attaches it. Says what came of it. */

import { Worker } from 'node:worker_threads';

const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
const { createPool } = await import('threadmemo');
const pool = await createPool({ threads: 1 });
const young = new Worker('', { eval: true });
const outcomes = await Promise.allSettled([worker, worker, young].map((each) => pool.attach(each)));
console.log(outcomes.map(({ status, reason }) => reason?.code ?? status).join(' '));
await worker.terminate();
