/**
 * What do a contestant's workers and its main thread share, whatever starts the workers? Memory that
 * reaches every worker: a few cells to meet at and to take work from, the pages of the scenario
 * `fragments`, and how often each key was really computed. That is counted where the work is done, so
 * that no cache can be mistaken (or boast) about it.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const arrivedCell = 0;
const nextCell = 1;
const cellCount = 2;
export const pageCount = 4_000;
export const fragmentsPerPage = 20;
/** Keys are counted modulo this; every scenario keeps the keys of one round below it. */
export const slots = 65_536;

/** The same in every thread. @param {string} name @param {number} bytes */
export function sharedMemory(name, bytes) {
  const found = getEnvironmentData(name);
  if (found instanceof SharedArrayBuffer) return found;
  const made = new SharedArrayBuffer(bytes);
  // Reaches every worker started from here on, whatever starts it.
  setEnvironmentData(name, made);
  return made;
}

const board = sharedMemory(
  'threadmemo-bench:board',
  4 * cellCount + 2 * pageCount * fragmentsPerPage,
);
const cells = new Int32Array(board, 0, cellCount);
const counts = new Int32Array(sharedMemory('threadmemo-bench:counts', 4 * slots));

/** The fragments of all pages, by their ranks, page after page. */
export const fragmentsOfPages = new Uint16Array(board, 4 * cellCount);

/** To be called before workers meet, or take a number. */
export function resetBoard() {
  cells.fill(0);
}

/**
 * Holds this thread until so many are here: they begin at the same time.
 * @param {number} crowd
 */
export function meet(crowd) {
  Atomics.add(cells, arrivedCell, 1);
  Atomics.notify(cells, arrivedCell);
  for (;;) {
    const arrived = Atomics.load(cells, arrivedCell);
    if (arrived >= crowd) return;
    Atomics.wait(cells, arrivedCell, arrived);
  }
}

/** A number that no other worker gets, counting from 0. */
export function takeNumber() {
  return Atomics.add(cells, nextCell, 1);
}

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
