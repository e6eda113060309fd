/** Waiting callers occupy the whole pool, so that what they wait for cannot start. */

import { expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated, incrementsLater } from '../fixtures/gated.ts';
import { increment } from '../fixtures/quick.ts';
import { open } from './open.ts';

test('a thread takes over a key that is still queued, and answers those who waited for it', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('busy');
  const cell = fresh('computations');
  const busy = incrementsLater(gate, 1, cell);
  await reaches(`${gate}:started`, 1);
  const queued = [increment(1, cell), increment(1, cell)];
  expect(pool.stats().queued).toBe(1);
  lift(gate);

  expect(await Promise.all([busy, ...queued])).toEqual([2, 2, 2]);
  expect(counted(cell)).toBe(1);
  expect(pool.stats().queued).toBe(0);
});

test('every thread waits for keys that are queued behind them all', async () => {
  await open({ threads: 2 });
  const gate = fresh('busy');
  const cell = fresh('computations');
  const busy = [1, 2].map((n) => incrementsLater(gate, n, cell));
  await reaches(`${gate}:started`, 2);
  const queued = [2, 1, 3].map((n) => increment(n, cell));
  lift(gate);

  expect(await Promise.all([...busy, ...queued])).toEqual([2, 3, 3, 2, 4]);
  expect(counted(cell)).toBe(3);
});

test('what is queued starts in the order in which it was asked for', async () => {
  await open({ threads: 1 });
  const gate = fresh('busy');
  const busy = gated(gate);
  await reaches(`${gate}:started`, 1);
  const order: number[] = [];
  const queued = [5, 3, 4].map((n) => increment(n).then(() => order.push(n)));
  lift(gate);
  await Promise.all([busy, ...queued]);
  expect(order).toEqual([5, 3, 4]);
});
