/** A thread dies, and its death is put down to what was only in it as well. */

import type { Worker } from 'node:worker_threads';
import { WorkerLostError } from 'threadmemo';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { crowd, gated } from '../fixtures/gated.ts';
import { awaits, occupies } from '../fixtures/hanging.ts';
import {
  blocksForCrash,
  callsCrash,
  crashes,
  crashesBlocking,
  type Death,
  insists,
  leavesAtGate,
} from '../fixtures/thread-killers.ts';
import { open, rejection } from './open.ts';

/** The first are the most different ones. */
const KINDS: Death[] = ['exit', 'memory', 'error', 'rejection'];
/** More takes long to fill. */
const worker = { resourceLimits: { maxOldGenerationSizeMb: 32 } };

describe.each(variants(KINDS, 1))('a thread that dies by %s', (how) => {
  // Each takes as long as what waits has patience beside something new: seconds.
  test.runIf(inFull).each(['at once', 'later'] as const)(
    '%s: what waits in it is innocent',
    async (when) => {
      await open({ threads: 2, attempts: 1, worker });
      const gate = fresh('awaited');
      // It occupies one thread, and is wanted whatever becomes of the other.
      const occupied = occupies(gate);
      await reaches(`${gate}:started`, 1);
      const waits = awaits(gate);
      await reaches(`${gate}:asked`, 1);
      for (let times = 1; times <= 2; times++) {
        const name = fresh('crash');
        const error = await rejection(crashes(name, how, when));
        expect(error).toBeInstanceOf(WorkerLostError);
        expect(error).toMatchObject({ functionId: crashes.id, key: crashes.key(name, how, when) });
        await reaches(`${gate}:asked`, times + 1);
      }
      lift(gate);
      expect(await waits).toBe(3);
      expect(await occupied).toBe(1);
    },
  );

  test('what calls the one that takes it down fails in the name of that one, and soon', async () => {
    const pool = await open({ threads: 1, attempts: 2, worker });
    const name = fresh('crash');
    const error = await rejection(callsCrash(name, how, 2));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error).toMatchObject({ functionId: crashes.id, key: crashes.key(name, how, 'later') });
    expect(error.message).toContain(`2 threads died computing ${crashes.id}`);
    expect(counted(`${name}:crashes`)).toBe(2);
    expect(pool.stats()).toMatchObject({ threadsLost: 2, errors: 3 });
  });

  test('what it has left behind is not blamed on what goes on there later', async () => {
    await open({ threads: 1, attempts: 1, worker });
    const [bomb, gate] = [fresh('bomb'), fresh('later')];
    expect(await leavesAtGate(bomb, how === 'memory' ? 'error' : how)).toBe('done already');
    const later = gated(gate);
    await reaches(`${gate}:started`, 1);
    lift(bomb);
    await reaches(`${gate}:started`, 2);
    lift(gate);
    expect(await later).toMatchObject({ nth: 2 });
  });
});

test.each(variants(['exit', 'memory'], 1))(
  'what blocks its thread for the one that takes it down fails in the name of that one: by %s',
  async (how) => {
    await open({ threads: 1, attempts: 2, worker });
    const name = fresh('crash');
    const error = await rejection(blocksForCrash(name, how));
    expect(error).toMatchObject({ name: 'WorkerLostError', functionId: crashesBlocking.id });
    expect(counted(`${name}:crashes`)).toBe(2);
    expect(counted(`${name}:calls`)).toBe(3);
  },
);

test('what calls the one that takes its thread down again and again comes to its end', async () => {
  await open({ threads: 1, attempts: 2 });
  const name = fresh('crash');
  expect(await insists(name, 5)).toEqual(Array.from({ length: 5 }, () => 'WorkerLostError'));
  expect(counted(`${name}:crashes`)).toBe(2);
  expect(counted(`${name}:calls`)).toBe(3);
});

test('a call from no computation gets all attempts anew', async () => {
  await open({ threads: 1, attempts: 2 });
  const name = fresh('crash');
  for (const times of [2, 4]) {
    const error = await rejection(crashes(name, 'exit', 'at once'));
    expect(error.message).toContain(`2 threads died computing ${crashes.id}`);
    expect(counted(`${name}:crashes`)).toBe(times);
  }
});

test('terminated from outside: what was computed there counts it, and what called that does not', async () => {
  const started: Worker[] = [];
  const watch = (thread: Worker) => void started.push(thread);
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  await open({ threads: 1, attempts: 1 });
  const gate = fresh('terminated');
  const calls = crowd(gate, 1, 'outer');
  await reaches(`${gate}:started`, 1);
  await started[0]?.terminate();
  const error = await rejection(calls);
  expect(error).toMatchObject({ name: 'WorkerLostError', functionId: gated.id });
  expect(counted(`${gate}:asked`)).toBe(2);
});
