import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { layout } from './layout.js';
import { pool } from './pool.js';

beforeEach(() => pool.clear());
afterEach(() => mock.timers.reset());

test('worker threads answer, and values last, whatever the fake timers say', async () => {
  mock.timers.enable();
  const remind = mock.fn();
  setTimeout(remind, 3_600_000);
  assert.equal((await layout('one two', 3)).inWorker, true);
  mock.timers.tick(3_600_000);
  assert.equal(remind.mock.callCount(), 1);
  assert.equal(layout.has('one two', 3), true);
});
