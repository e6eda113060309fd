/** What the applications of this folder compute. */

import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export const square = memoize(import.meta.url, function square(n) {
  return n * n;
});

export const hangs = memoize(import.meta.url, function hangs() {
  return new Promise(() => {});
});

export const loops = memoize(import.meta.url, function loops() {
  for (;;);
});

/** Leaves a computation behind that no caller waits for. */
export const leavesBehind = memoize(import.meta.url, async function leavesBehind(n) {
  void square(n);
});

const memory = getEnvironmentData('begun') ?? new SharedArrayBuffer(4);
setEnvironmentData('begun', memory);
const count = new Int32Array(memory);

/** Says that it has begun, and hangs. */
export const begins = memoize(import.meta.url, function begins(_caller) {
  Atomics.add(count, 0, 1);
  Atomics.notify(count, 0);
  return new Promise(() => {});
});

/** Waits until so many have begun. */
export async function begun(least) {
  for (let now = Atomics.load(count, 0); now < least; now = Atomics.load(count, 0)) {
    await Atomics.waitAsync(count, 0, now).value;
  }
}

let refreshes = 0;

/** The first value comes at once; a refresh of it never comes. */
function once(how) {
  refreshes++;
  if (refreshes === 1) return how;
  if (how === 'loops') for (;;);
  return new Promise(() => setInterval(() => {}, 1000));
}
export const refreshed = memoize(import.meta.url, once, {
  name: 'refreshed',
  ttl: '1h',
  staleWhileRevalidate: '1h',
});
