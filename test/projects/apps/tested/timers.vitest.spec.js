import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { layout } from './layout.js';
import { pool } from './pool.js';

beforeEach(() => pool.clear());
afterEach(() => vi.useRealTimers());

test('worker threads answer, and values last, whatever the fake timers say', async () => {
  vi.useFakeTimers();
  const remind = vi.fn();
  setTimeout(remind, 3_600_000);
  expect(await layout('one two', 3)).toMatchObject({ inWorker: true });
  vi.advanceTimersByTime(3_600_000);
  expect(remind).toHaveBeenCalledOnce();
  expect(layout.has('one two', 3)).toBe(true);
});
