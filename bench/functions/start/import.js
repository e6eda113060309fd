/**
 * Imports the module that the argument names, on the main thread and in a worker, and prints what
 * each has taken, the worker above one that does nothing: milliseconds, and those of processors.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const module = process.argv[2] ?? '';

/** @param {() => Promise<unknown>} run */
async function measured(run) {
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  await run();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms, cpu: (user + system) / 1000 };
}

/** @param {string} code */
const workerThat = (code) => measured(() => once(new Worker(code, { eval: true }), 'exit'));

const main = await measured(() => import(module));
// The first thread of a process takes longer.
await workerThat('');
const empty = await workerThat('');
const importing = await workerThat(`import(${JSON.stringify(module)})`);
const worker = { ms: importing.ms - empty.ms, cpu: importing.cpu - empty.cpu };
console.log(
  JSON.stringify({ main: main.ms, mainCpu: main.cpu, worker: worker.ms, workerCpu: worker.cpu }),
);
process.exit();
