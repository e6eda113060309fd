/**
 * How many computations of a function go on at a moment, in all threads? Counted where they go on: the
 * most at once, and the sum of their times, of which a wall clock makes the mean.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const name = 'threadmemo-bench:gauge';
const now = 0;
const most = 1;
const microseconds = 2;

function memory() {
  const found = getEnvironmentData(name);
  if (found instanceof SharedArrayBuffer) return found;
  const made = new SharedArrayBuffer(4 * 3);
  // Reaches every worker started from here on.
  setEnvironmentData(name, made);
  return made;
}

const cells = new Int32Array(memory());

export function resetGauge() {
  cells.fill(0);
}

/** @param {() => Promise<void>} run */
export async function gauged(run) {
  const count = Atomics.add(cells, now, 1) + 1;
  for (let seen = Atomics.load(cells, most); seen < count; seen = Atomics.load(cells, most))
    Atomics.compareExchange(cells, most, seen, count);
  const start = performance.now();
  await run();
  Atomics.add(cells, microseconds, Math.round(1_000 * (performance.now() - start)));
  Atomics.sub(cells, now, 1);
}

/** Since the last reset: the most at a moment, and the sum of their times. */
export function readGauge() {
  return { most: Atomics.load(cells, most), ms: Atomics.load(cells, microseconds) / 1_000 };
}
