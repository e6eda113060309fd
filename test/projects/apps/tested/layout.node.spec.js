import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout } from './layout.js';
import './pool.js';

test('a text that two want at once is laid out once, in a worker thread', async () => {
  const before = layout.stats().computations;
  const asked = [layout('one two three', 8), layout('one two three', 8)];
  const laidOut = { lines: ['one two', 'three'], inWorker: true };
  assert.deepEqual(await Promise.all(asked), [laidOut, laidOut]);
  assert.equal(layout.stats().computations, before + 1);
});
