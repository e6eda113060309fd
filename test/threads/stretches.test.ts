/** The longest that a computation keeps its thread is measured, and not for how long it waits. */

import { expect, test, vi } from 'vitest';
import { Computation } from '../../src/compute/computation.ts';

const fake = vi.hoisted(() => ({ now: 0, idle: 0, beat: undefined as (() => void) | undefined }));

vi.mock('../../src/runtime/globals.ts', async (original) => ({
  ...(await original<object>()),
  performance: { now: () => fake.now, timeOrigin: 0, idleTime: () => fake.idle },
  setInterval(run: () => void) {
    fake.beat = run;
    const timer = { unref: () => timer };
    return timer;
  },
  clearInterval() {
    fake.beat = undefined;
  },
}));

/** The thread's event loop turns for so long. */
function idles(ms: number): void {
  for (let left = ms; left > 0; left -= 10) {
    fake.now += Math.min(left, 10);
    fake.idle += Math.min(left, 10);
    if (left >= 10) fake.beat?.();
  }
}

/** Something keeps the thread, and the beat is late. */
function isKept(ms: number): void {
  fake.now += ms;
  fake.beat?.();
}

function started(): Computation {
  const computation = new Computation(1, new Int32Array(100));
  computation.start();
  return computation;
}

test('of a synchronous function: all its time, from its call', () => {
  const computation = started();
  fake.now += 30;
  expect(computation.end(computation.ownMs)).toBe(30);
});

test('before the first await', () => {
  const computation = started();
  fake.now += 30;
  computation.returned();
  idles(1000);
  expect(computation.end(computation.ownMs)).toBe(30);
});

test('after an await, and just before the end', () => {
  const computation = started();
  computation.returned();
  idles(50);
  isKept(400);
  idles(50);
  expect(computation.end(computation.ownMs)).toBe(400);
  const other = started();
  other.returned();
  idles(50);
  fake.now += 400;
  expect(other.end(other.ownMs)).toBe(390);
});

test('what waits for a socket or a timer keeps nothing', () => {
  const computation = started();
  fake.now += 1;
  computation.returned();
  idles(10_000);
  expect(computation.end(computation.ownMs)).toBe(1);
});

test('what waited for a nested call meanwhile was not it; what went on before it waited, may be', () => {
  const [waits, goesOn] = [started(), started()];
  waits.returned();
  goesOn.returned();
  waits.beginWait();
  idles(20);
  goesOn.beginWait();
  isKept(400);
  idles(20);
  isKept(200);
  waits.endWait();
  expect(waits.end(waits.ownMs)).toBe(0);
  expect(goesOn.end(goesOn.ownMs)).toBe(400);
});

test("the thread's sleep between two tasks is nothing that a function has done", () => {
  const before = started();
  before.returned();
  idles(20);
  before.end(before.ownMs);
  fake.now += 60_000;
  const computation = started();
  computation.returned();
  idles(20);
  expect(computation.end(computation.ownMs)).toBe(0);
});

test('a function that was not called has none; and without promises there is no beat', () => {
  expect(new Computation(1, new Int32Array(100)).end(0)).toBeUndefined();
  const computation = started();
  computation.returned();
  expect(fake.beat).toBeDefined();
  computation.end(computation.ownMs);
  idles(10);
  expect(fake.beat).toBeUndefined();
});

test('hundreds that are ready together share the time that they keep the thread for', () => {
  const all = Array.from({ length: 100 }, started);
  for (const computation of all) computation.returned();
  idles(50);
  isKept(400);
  idles(50);
  for (const computation of all) expect(computation.end(computation.ownMs)).toBe(4);
});

test('what was there before one starts, or after another has ended, is not blamed on it', () => {
  const [first, second] = [started(), started()];
  first.returned();
  second.returned();
  idles(50);
  fake.now += 400;
  first.end(first.ownMs);
  fake.now += 5;
  expect(second.end(second.ownMs)).toBe(0);
  first.start();
  first.returned();
  fake.now += 300;
  second.start();
  second.returned();
  fake.now += 5;
  expect(second.end(second.ownMs)).toBe(0);
  expect(first.end(first.ownMs)).toBe(300);
});

test('one that yields and goes on at once keeps its thread all the time', () => {
  const computation = started();
  computation.returned();
  for (let n = 0; n < 100; n++) isKept(10);
  expect(computation.end(computation.ownMs)).toBe(1000);
});

test('a thread that the machine keeps from waking has not been kept by what it does', () => {
  const computation = started();
  computation.returned();
  fake.idle += 500;
  isKept(500);
  expect(computation.end(computation.ownMs)).toBe(0);
});
