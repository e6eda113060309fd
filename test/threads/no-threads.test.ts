/** Threads cannot even start, or not for a while: calls hang. */

import { WorkerLostError } from 'threadmemo';
import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { count, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { occupies } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
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

test.runIf(inFull)(
  'a thread that could not be started for a while is tried again, while the others are busy',
  async () => {
    const gates = [fresh('busy'), fresh('waits')] as const;
    // The first thread starts, and no other one until the test says so.
    const boots = new URL('app/boots.mjs', import.meta.url).href;
    await open({ threads: 2, attempts: 20, worker: { execArgv: ['--import', boots] } });
    const busy = occupies(gates[0]);
    await reaches(`${gates[0]}:started`, 1);
    const waits = gated(gates[1]);
    await reaches('boots:refused', 3);
    count('boots:allowed');
    await reaches(`${gates[1]}:started`, 1);
    for (const gate of gates) lift(gate);
    expect(await busy).toBe(1);
    expect(await waits).toMatchObject({ nth: 1 });
  },
);
