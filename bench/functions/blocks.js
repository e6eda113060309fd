/**
 * What the scenario `blocks` calls, in crowds: functions that cost nothing, and some that wait until
 * a gate is open, so that a crowd is there when something happens to it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { memoize } from './threadmemo.js';

const name = 'threadmemo:bench blocks';
const shared = /** @type {SharedArrayBuffer} */ (
  /** @type {unknown} */ (getEnvironmentData(name)) ?? new SharedArrayBuffer(4)
);
setEnvironmentData(name, /** @type {never} */ (shared));
const gate = new Int32Array(shared);

/** @param {boolean} isOpen for threads that have not looked yet, too */
export function setGate(isOpen) {
  Atomics.store(gate, 0, isOpen ? 1 : 0);
}

/** @type {Promise<void> | undefined} */
let opened;

/** One timer a thread, however many wait. */
async function untilOpen() {
  while (Atomics.load(gate, 0) === 0) await sleep(5);
}

function passing() {
  opened ??= untilOpen();
  return opened;
}

/** @param {number} count */
function upTo(count) {
  return Array.from({ length: count }, (_, n) => n);
}

export const quick = memoize(import.meta.url, function quick(/** @type {number} */ n) {
  return n;
});

/** @type {import('../../dist/src/index.js').Memoized<(n: number) => number>} */
export const newest = memoize(import.meta.url, (n) => n, { name: 'newest', max: 1_000_000 });

export const large = memoize(import.meta.url, function large(/** @type {number} */ bytes) {
  return new Uint8Array(bytes);
});

export const held = memoize(import.meta.url, async function held(/** @type {number} */ n) {
  await passing();
  return n;
});

export const failing = memoize(import.meta.url, async function failing(/** @type {number} */ n) {
  await passing();
  throw new Error(`failed: ${n}`);
});

/** Nested calls that compute right there. */
export const nesting = memoize(
  import.meta.url,
  async function nesting(/** @type {number} */ count, /** @type {string} */ _label) {
    await Promise.all(upTo(count).map((n) => quick(n)));
  },
);

/** Nested calls that wait: those of the first caller right there, those of the others for them. */
export const crowd = memoize(
  import.meta.url,
  async function crowd(/** @type {number} */ count, /** @type {string} */ _label) {
    await Promise.all(upTo(count).map((n) => held(n)));
  },
);

/** Each of its nested calls waits for the crowd, so a search for circles passes all of that. */
export const onlooker = memoize(
  import.meta.url,
  async function onlooker(/** @type {number} */ _n, /** @type {number} */ count) {
    await crowd(count, 'watched');
  },
);

export const onlookers = memoize(
  import.meta.url,
  async function onlookers(/** @type {number} */ many, /** @type {number} */ count) {
    await Promise.all(upTo(many).map((n) => onlooker(n, count)));
  },
);

/** Ends its thread, with all that is in it. */
export const deadly = memoize(import.meta.url, async function deadly(/** @type {number} */ count) {
  void crowd(count, 'doomed').catch(() => {});
  await passing();
  process.exit(1);
});

export const many = upTo(5_000).map((n) =>
  memoize(import.meta.url, (/** @type {number} */ value) => value + n, { name: `many ${n}` }),
);
