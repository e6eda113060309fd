/** The function runs more than once for one key. */

import { expect, test } from 'vitest';
import { promised } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { crowd, gated } from '../fixtures/gated.ts';
import { increment, nested } from '../fixtures/quick.ts';
import { openForAll } from './open.ts';

const THREADS = [1, 2, 3, 4];

openForAll({ threads: THREADS.length });

const thousands = promised(10, 2);
test(`${thousands},000 calls on the main thread and ${thousands},000 in threads: one computation answers all`, async () => {
  const gate = fresh('stampede');
  const crowds = THREADS.map((each) => crowd(gate, thousands * 250, `caller ${each}`));
  await reaches(`${gate}:asked`, THREADS.length);
  const calls = Array.from({ length: thousands * 1000 }, () => gated(gate));
  lift(gate);

  const inThreads = await Promise.all(crowds);
  const answers = [...(await Promise.all(calls)), ...inThreads.flatMap(({ answers }) => answers)];
  expect(answers.length).toBe(thousands * 2000);
  expect(answers.filter(({ nth }) => nth !== 1)).toEqual([]);
  expect(counted(`${gate}:started`)).toBe(1);
});

test('a caller in a thread joins what a main-thread call has started in another', async () => {
  const gate = fresh('join-main');
  const onMain = gated(gate);
  await reaches(`${gate}:started`, 1);
  const inThread = crowd(gate, 1, 'only');
  await reaches(`${gate}:asked`, 1);
  lift(gate);

  const { thread, answers } = await inThread;
  expect(answers).toEqual([await onMain]);
  expect(answers[0]?.thread).not.toBe(thread);
  expect(counted(`${gate}:started`)).toBe(1);
});

test('a main-thread call joins what a thread computes for itself', async () => {
  const gate = fresh('join-thread');
  const inThread = crowd(gate, 1, 'only');
  await reaches(`${gate}:started`, 1);
  const onMain = gated(gate);
  lift(gate);

  const { thread, answers } = await inThread;
  expect(await onMain).toEqual({ nth: 1, thread });
  expect(answers).toEqual([{ nth: 1, thread }]);
});

test('a thread joins what another thread computes for itself', async () => {
  const gate = fresh('join-each-other');
  const first = crowd(gate, 1, 'first');
  await reaches(`${gate}:asked`, 1);
  const second = crowd(gate, 1, 'second');
  await reaches(`${gate}:asked`, 2);
  lift(gate);

  const [leader, follower] = await Promise.all([first, second]);
  expect(follower.thread).not.toBe(leader.thread);
  expect(follower.answers).toEqual([{ nth: 1, thread: leader.thread }]);
});

test('nested calls run in the thread that makes them', async () => {
  const threads = await nested(5, fresh('caller'));
  expect(threads.length).toBe(6);
  expect(new Set(threads).size).toBe(1);
});

test('different keys do not wait for each other', async () => {
  const gates = THREADS.slice(1).map((each) => fresh(`slow-${each}`));
  const slow = gates.map((gate) => gated(gate));
  await Promise.all(gates.map((gate) => reaches(`${gate}:started`, 1)));
  expect(await increment(1)).toBe(2);
  for (const gate of gates) lift(gate);
  await Promise.all(slow);
});
