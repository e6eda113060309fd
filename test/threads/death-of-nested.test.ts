/** A thread dies in the middle of nested calls. */

import { expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { callsDiesOnce } from '../fixtures/thread-killers.ts';
import { open } from './open.ts';

test('the caller of the call that dies is computed again, too', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('dying');
  lift(gate);
  const { thread, answers } = await callsDiesOnce(gate, 'only');
  expect(answers).toEqual([{ nth: 2, thread }]);
  expect(counted(`${gate}:only`)).toBe(2);
  expect(pool.stats()).toMatchObject({ computations: 4, lost: 2 });
});

test('waiters on another thread get their answer, and so does the caller of the dead one', async () => {
  await open({ threads: 2 });
  const gate = fresh('dying');
  const first = callsDiesOnce(gate, 'first');
  await reaches(`${gate}:asked`, 1);
  const second = callsDiesOnce(gate, 'second');
  await reaches(`${gate}:asked`, 2);
  lift(gate);

  const survivor = await second;
  expect(survivor.answers).toEqual([{ nth: 2, thread: survivor.thread }]);
  expect((await first).answers).toEqual(survivor.answers);
  expect(counted(`${gate}:first`)).toBe(2);
  expect(counted(`${gate}:second`)).toBe(1);
});
