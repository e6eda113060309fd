/**
 * What do a contestant's workers and its main thread share, whoever starts the workers? A few cells
 * to meet at and to take work from, and the pages of the scenario `fragments`.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const name = 'threadmemo-bench:board';
const arrivedCell = 0;
const nextCell = 1;
const cellCount = 2;
export const pageCount = 4_000;
export const fragmentsPerPage = 20;

function sharedMemory() {
  const found = getEnvironmentData(name);
  if (found instanceof SharedArrayBuffer) return found;
  const made = new SharedArrayBuffer(4 * cellCount + 2 * pageCount * fragmentsPerPage);
  // Reaches every worker started from here on, whoever starts it.
  setEnvironmentData(name, made);
  return made;
}

const memory = sharedMemory();
const cells = new Int32Array(memory, 0, cellCount);

/** The fragments of all pages, by their ranks, page after page. */
export const fragmentsOfPages = new Uint16Array(memory, 4 * cellCount);

/** Before anybody meets, or takes anything. */
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
