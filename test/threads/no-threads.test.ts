/** Threads cannot even start: calls hang. */

import { WorkerLostError } from 'threadmemo';
import { expect, test } from 'vitest';
import { increment } from '../../workers/quick.ts';
import { open, rejection } from './open.ts';

/** Limits too small to start with would do as well, but some Node versions end the process then. */
const execArgv = ['--import', 'file:///no/such/module.mjs'];

test.each([1, 3])('every call fails, with attempts: %i', async (attempts) => {
  await open({ threads: 2, attempts, worker: { execArgv } });
  const calls = [1, 2, 3, 4, 5].map((n) => rejection(increment(n)));
  for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(WorkerLostError);
  const later = await rejection(increment(6));
  expect(later).toBeInstanceOf(WorkerLostError);
  expect(later).toMatchObject({ functionId: increment.id, key: increment.key(6) });
});

test('a thread cannot load its preloaded module: every call fails and says why', async () => {
  await open({ threads: 2, attempts: 1, worker: { execArgv } });
  const errors = await Promise.all([1, 2, 3].map((n) => rejection(increment(n))));
  for (const error of errors) expect(error).toBeInstanceOf(WorkerLostError);
  expect(errors.map(({ message }) => message).join()).toContain('no/such/module.mjs');
});
