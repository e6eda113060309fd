/** f waits for g, g waits for f: both hang. A recursive memoized function deadlocks or throws. */

import { CycleError } from 'threadmemo';
import { expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { careful, fibonacci, ring } from '../fixtures/cycles.ts';
import { increment } from '../fixtures/quick.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 3 });

test('a recursive function that asks for both halves at once computes each number once', async () => {
  const cell = fresh('fibonacci');
  expect(await fibonacci(60, cell)).toBe(1548008755920n);
  for (let n = 0; n <= 60; n++) expect(counted(`${cell}:${n}`), `fibonacci(${n})`).toBe(1);
});

test('so it does when several threads begin in the middle of each other', async () => {
  const cell = fresh('fibonacci');
  const all = await Promise.all(Array.from({ length: 41 }, (_, n) => fibonacci(40 - n, cell)));
  expect(all[0]).toBe(102334155n);
  for (let n = 0; n <= 40; n++) expect(counted(`${cell}:${n}`), `fibonacci(${n})`).toBe(1);
});

test.each([1, 2, 3])('a circle of %i across threads fails for all, with its keys', async (size) => {
  const gate = fresh('circle');
  const places = Array.from({ length: size }, (_, place) => place);
  const calls = places.map((place) => ring(gate, place, size));
  const errors = Promise.all(calls.map(rejection));
  await reaches(`${gate}:started`, size);
  lift(gate);

  for (const error of await errors) {
    expect(error).toBeInstanceOf(CycleError);
    expectCircle(error as CycleError, gate, size);
  }
  expect(await increment(1)).toBe(2);
});

test('a function that catches the error of its circle goes on', async () => {
  expect(await careful(fresh('caller'))).toBe('instead of a CycleError');
});

test.each([1, 2, 3])('a circle of %i within one thread fails with its keys', async (size) => {
  const gate = fresh('circle');
  lift(gate);
  const error = await rejection(ring(gate, 0, size));
  expect(error).toBeInstanceOf(CycleError);
  expectCircle(error as CycleError, gate, size);
  expect(counted(`${gate}:started`)).toBe(size);
  expect(await increment(1)).toBe(2);
});

/** The keys follow each other as the calls did, from any place on, and back to it. */
function expectCircle(error: CycleError, gate: string, size: number): void {
  const keys = Array.from({ length: size }, (_, place) => ring.key(gate, place, size));
  const [first = ''] = error.cycle ?? [];
  const from = keys.indexOf(first);
  expect(error.cycle).toEqual([...keys.slice(from), ...keys.slice(0, from), first]);
  expect(error.message).toContain(error.cycle?.join(' → '));
}
