import { expect, test } from 'vitest';
import { layout } from './layout.js';
import './pool.js';

test('a text that two want at once is laid out once, in a worker thread', async () => {
  const before = layout.stats().computations;
  const asked = [layout('one two three', 8), layout('one two three', 8)];
  const laidOut = { lines: ['one two', 'three'], inWorker: true };
  expect(await Promise.all(asked)).toEqual([laidOut, laidOut]);
  expect(layout.stats().computations).toBe(before + 1);
});
