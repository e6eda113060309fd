/**
 * What tests and the functions they run share across threads: named counters, and gates that a
 * computation waits at until a test opens them. All of it lies in one SharedArrayBuffer that every
 * thread finds through the environment data, and lasts as long as the process.
 */

import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads';

const KEY = 'threadmemo:test';
/** So many that a few hundred names do not meet; untouched pages cost nothing. */
const CELLS = 1 << 22;

let memory = getEnvironmentData(KEY) as unknown as SharedArrayBuffer | undefined;
if (!memory) {
  memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(KEY, memory as unknown as Parameters<typeof setEnvironmentData>[1]);
}
const cells = new Int32Array(memory);

function cellOf(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return (hash >>> 0) % CELLS;
}

count(`loaded:${threadId}`);

/**
 * Whether a thread has come as far as this file. Node 20 ends the whole process now and then when a
 * thread is terminated while it loads its first modules, which is not what any test here is about.
 */
export function hasLoaded(id: number): boolean {
  return counted(`loaded:${id}`) > 0;
}

let names = 0;

/** A name that no other test of this process has. For the thread that runs the tests. */
export function fresh(label: string): string {
  return `${label}-${++names}`;
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

/** Waits until a counter has reached `least`; the thread's event loop goes on meanwhile. */
export async function reaches(name: string, least: number): Promise<void> {
  const cell = cellOf(name);
  for (let now = Atomics.load(cells, cell); now < least; now = Atomics.load(cells, cell)) {
    await Atomics.waitAsync(cells, cell, now).value;
  }
}

/** Opens a gate, for good. */
export function lift(gate: string): void {
  count(`${gate}:open`);
}

/** Waits until the gate is open. */
export function arrive(gate: string): Promise<void> {
  return reaches(`${gate}:open`, 1);
}
