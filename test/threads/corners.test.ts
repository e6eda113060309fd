/**
 * Narrow places, each of which has hung a caller once: what is handed to a thread in one batch, what
 * lies in its port when it goes to sleep, and what it hears while it blocks.
 */

import { expect, test } from 'vitest';
import {
  asksTwice,
  holds,
  leaves,
  lingers,
  maybe,
  tiny,
  trails,
} from '../fixtures/batches-and-sleep.ts';
import { count, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

/** Turns of the event loop until something is so. */
async function until(holdsNow: () => boolean): Promise<void> {
  while (!holdsNow()) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the pool see how short they are, so that they go in batches. */
async function areTiny(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.all([tiny(n), maybe(n)]);
}

test.each([
  ['behind', (n: number) => [maybe(n), tiny(n)]],
  ['before', (n: number) => [tiny(n), maybe(n)]],
])('a computation waits for one that stands %s it in its batch', async (where, both) => {
  await areTiny();
  const gate = fresh('batch');
  const holding = holds(gate);
  await reaches(`${gate}:holds`, 1);
  const n = where === 'behind' ? 5000 : 6000;
  const calls = both(n);
  count(`${gate}:go`);
  expect(await Promise.all(calls)).toEqual([n, n]);
  await holding;
});

test('a lease arrives for a call that has left, and others wait for it', async () => {
  const gate = fresh('leaves');
  const before = tiny.stats().computations;
  const leaving = leaves(gate, 7000);
  await until(() => tiny.stats().computations > before);
  const waiting = tiny(7000);
  count(`${gate}:go`);
  expect(await leaving).toBe('left');
  expect(await waiting).toBe(7000);
});

test('a call that is made just after its computation has returned keeps no caller waiting', async () => {
  expect(await lingers(8000)).toBe('returned');
  expect(await tiny(8000)).toBe(8000);
});

test('a chain of calls that are not awaited keeps no caller waiting', async () => {
  expect(await trails(9000)).toBe('returned');
  expect(await Promise.all([tiny(9000), tiny(9001)])).toEqual([9000, 9001]);
});

test('an abort listener asks while the thread blocks for another answer', async () => {
  const gate = fresh('asks');
  const abort = new AbortController();
  const call = asksTwice.with({ signal: abort.signal })(gate);
  await reaches(`${gate}:ready`, 1);
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  count(`${gate}:go`);
  await reaches(`${gate}:through`, 1);
});
