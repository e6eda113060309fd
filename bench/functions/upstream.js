/**
 * An upstream that takes 200 ms, and fails at once while it is said to be down: what the scenario `fresh`
 * calls. When each try began is noted, in whichever thread that is.
 */
import { setTimeout } from 'node:timers/promises';
import { sharedMemory } from './shared.js';

/** Milliseconds. */
export const upstreamMs = 200;
export const ttlMs = 1_000;
export const backoffMs = 500;
/** Of what a fleet of processes calls. */
export const fleetMs = 100;

const downCell = 0;
const triesCell = 1;
/** Of more, only the number is known. */
const mostTries = 1 << 20;

const cells = new Int32Array(sharedMemory('threadmemo-bench:upstream', 8));
const times = new Float64Array(sharedMemory('threadmemo-bench:upstream tries', 8 * mostTries));

/** Milliseconds, of a clock that all threads share. */
export const now = () => performance.timeOrigin + performance.now();

/** @param {boolean} isDown */
export function setDown(isDown) {
  Atomics.store(cells, downCell, isDown ? 1 : 0);
}

export function resetTries() {
  Atomics.store(cells, triesCell, 0);
}

/** How many there were since the last reset, and when the first of them began. */
export function readTries() {
  const count = Atomics.load(cells, triesCell);
  return { count, began: Array.from(times.subarray(0, count)) };
}

export const isDown = () => Atomics.load(cells, downCell) === 1;

/** The try that begins now. */
export function noteTry() {
  times[Atomics.add(cells, triesCell, 1)] = now();
}

/** When its value was made. @param {number} _key */
export async function upstream(_key) {
  noteTry();
  if (isDown()) throw new Error('the upstream is down');
  await setTimeout(upstreamMs);
  return now();
}
