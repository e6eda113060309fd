/** The leader dies, and waiters hang, or all of them start computing. */

import type { Worker } from 'node:worker_threads';
import { WorkerLostError } from 'threadmemo';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import { callsDiesOnce, type Death, dies, diesOnce } from '../fixtures/thread-killers.ts';
import { open, openForAll, rejection } from './open.ts';

describe('the cause is known when a thread dies', () => {
  openForAll({
    threads: 1,
    attempts: 1,
    worker: { resourceLimits: { maxOldGenerationSizeMb: 96 } },
  });

  const causes: [Death, RegExp][] = [
    ['exit', /exited with code:? 3/],
    ['error', /^a stray error$/],
    ['rejection', /^a stray error$/],
    ['memory', /memory/],
  ];
  test.each(variants(causes, 2))('by %s', async (how, cause) => {
    const gate = fresh('dying');
    lift(gate);
    const error = await rejection(dies(gate, how));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error).toMatchObject({ functionId: dies.id, key: dies.key(gate, how) });
    expect(error.cause).toMatchObject({ message: expect.stringMatching(cause) });
    expect(counted(`${gate}:started`)).toBe(1);
  });
});

test.runIf(inFull)(
  'after as many attempts as are allowed all who wait get a WorkerLostError',
  async () => {
    const pool = await open({ threads: 1, attempts: 2 });
    const gate = fresh('dying');
    const calls = [dies(gate, 'exit'), dies(gate, 'exit')].map(rejection);
    lift(gate);
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(WorkerLostError);
      expect(error.message).toContain(`2 threads died computing ${dies.id}`);
    }
    expect(counted(`${gate}:started`)).toBe(2);
    expect(pool.stats()).toMatchObject({ computations: 2, lost: 2, entries: 0, threadsLost: 2 });
    expect(await increment(1)).toBe(2);
  },
);

test('the second attempt answers all who have waited since the first', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('dying');
  const calls = [diesOnce(gate), diesOnce(gate)];
  await reaches(`${gate}:started`, 1);
  calls.push(diesOnce(gate));
  lift(gate);
  for (const run of await Promise.all(calls)) expect(run.nth).toBe(2);
  expect(pool.stats()).toMatchObject({ computations: 2, lost: 1, threads: 1, threadsLost: 1 });
});

test('terminated from outside: it is computed again in another thread', async () => {
  const workers = await openAndWatch();
  const gate = fresh('dying');
  const call = diesOnce(gate);
  await reaches(`${gate}:started`, 1);
  const [victim] = workers;
  const thread = victim?.threadId;
  await victim?.terminate();
  lift(gate);
  const run = await call;
  expect(run.nth).toBe(2);
  expect(run.thread).not.toBe(thread);
});

test('an idle thread dies: no caller notices', async () => {
  const workers = await openAndWatch();
  expect(await increment(1)).toBe(2);
  await workers[0]?.terminate();
  expect(await Promise.all([increment(1), increment(2)])).toEqual([2, 3]);
});

test('a waiter in a thread takes the place of the dead leader', async () => {
  await open({ threads: 2 });
  const gate = fresh('dying');
  const onMain = diesOnce(gate);
  await reaches(`${gate}:started`, 1);
  const inThread = callsDiesOnce(gate, 'heir');
  await reaches(`${gate}:asked`, 1);
  lift(gate);

  const { thread, answers } = await inThread;
  expect(answers).toEqual([{ nth: 2, thread }]);
  expect(await onMain).toEqual({ nth: 2, thread });
});

/** The threads of a new pool of one thread. */
async function openAndWatch(): Promise<Worker[]> {
  const started: Worker[] = [];
  const watch = (worker: Worker) => void started.push(worker);
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  await open({ threads: 1 });
  return started;
}
