/**
 * What tests and the functions they run share across threads: named counters, and gates that a
 * computation waits at until a test opens them. All of it lies in one SharedArrayBuffer that every
 * thread finds through the environment data.
 */

import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'threadmemo:test';
const CELLS = 1 << 16;

let memory = getEnvironmentData(KEY) as unknown as SharedArrayBuffer | undefined;
if (!memory) {
  memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(KEY, memory as unknown as Parameters<typeof setEnvironmentData>[1]);
}
const cells = new Int32Array(memory);

/** Every name used in one test run falls into a cell of its own, or the tests would say so. */
function cellOf(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return (hash >>> 0) % CELLS;
}

/** Adds one; the new count. */
export function count(name: string): number {
  const cell = cellOf(name);
  const now = Atomics.add(cells, cell, 1) + 1;
  Atomics.notify(cells, cell);
  return now;
}

export function counted(name: string): number {
  return Atomics.load(cells, cellOf(name));
}

/** Opens a gate, for good. */
export function lift(name: string): void {
  count(`gate:${name}`);
}

/** Waits until the gate is open; the thread's event loop goes on meanwhile. */
export async function arrive(name: string): Promise<void> {
  await reaches(`gate:${name}`, 1);
}

/** Waits until a counter has reached `least`. */
export async function reaches(name: string, least: number): Promise<void> {
  const cell = cellOf(name);
  for (let now = Atomics.load(cells, cell); now < least; now = Atomics.load(cells, cell)) {
    await Atomics.waitAsync(cells, cell, now).value;
  }
}
