import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createPool } from 'threadmemo';
import { layout } from './layout.js';

let pool;
beforeAll(async () => {
  pool = await createPool({ threads: 2 });
});
beforeEach(() => pool.clear());
afterEach(() => jest.useRealTimers());
afterAll(() => pool.close());

test('a text that two want at once is laid out once, in a worker thread', async () => {
  const before = layout.stats().computations;
  const asked = [layout('one two three', 8), layout('one two three', 8)];
  const laidOut = { lines: ['one two', 'three'], inWorker: true };
  expect(await Promise.all(asked)).toEqual([laidOut, laidOut]);
  expect(layout.stats().computations).toBe(before + 1);
});

test('worker threads answer, and values last, whatever the fake timers say', async () => {
  jest.useFakeTimers();
  const remind = jest.fn();
  setTimeout(remind, 3_600_000);
  expect(await layout('one two', 3)).toMatchObject({ inWorker: true });
  jest.advanceTimersByTime(3_600_000);
  expect(remind).toHaveBeenCalledTimes(1);
  expect(layout.has('one two', 3)).toBe(true);
});
