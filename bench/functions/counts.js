/**
 * How often was each key really computed? Counted where the work is done, in memory that all
 * threads of the process share, so that no cache can be mistaken (or boast) about it.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const name = 'threadmemo-bench:counts';
/** Keys are counted modulo this; every scenario keeps the keys of one round below it. */
export const slots = 65_536;

function sharedMemory() {
  const found = getEnvironmentData(name);
  if (found instanceof SharedArrayBuffer) return found;
  const made = new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT);
  // Reaches every worker started from here on, whoever starts it.
  setEnvironmentData(name, made);
  return made;
}

const counts = new Int32Array(sharedMemory());

/** @param {number} key */
export function countComputation(key) {
  Atomics.add(counts, key % slots, 1);
}

export function resetCounts() {
  counts.fill(0);
}

/** What was computed since the last reset. */
export function tally() {
  let computations = 0;
  let distinct = 0;
  for (const count of counts) {
    computations += count;
    if (count > 0) distinct += 1;
  }
  return { computations, distinct, duplicates: computations - distinct };
}
