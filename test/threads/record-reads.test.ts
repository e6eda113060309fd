/** Worker threads read a disk tier by themselves: without the coordinator, and never what was forgotten. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MemoPool, type PoolOptions, WorkerLostError } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  computed,
  forgets,
  half,
  readsAlone,
  readsAround,
  readsOn,
  readsTwice,
  store,
} from '../fixtures/record-reads.ts';
import { removeFolder } from '../remove-folder.ts';
import { open, rejection, until } from './open.ts';

const numbers = Array.from({ length: inFull ? 300 : 60 }, (_, n) => n + 1);

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-reads-'));
});
afterEach(() => removeFolder(path));

/** A pool in front of what another one has stored: the numbers, and -1 and the beacon for `reads`. */
async function openBefore(run: string, options: PoolOptions = {}): Promise<MemoPool> {
  const first = await open({ threads: 1, tiers: [diskTier({ path })] });
  await store(run, [-1, ...numbers]);
  await first.close();
  return open({ threads: 1, tiers: [diskTier({ path })], ...options });
}

const idle = new Int32Array(new SharedArrayBuffer(4));

function blockUntilFound(run: string): void {
  while (counted(`found:${run}`) === 0) Atomics.wait(idle, 0, 0, 1);
}

test('records are found while the main thread is blocked, and counted at once', async () => {
  const run = fresh('alone');
  const pool = await openBefore(run);
  const found = readsAlone(numbers, run);
  await reaches(`ready:${run}`, 1);
  const before = half.stats().hitsIn.tiers;
  const tierHits = pool.stats().tiers['disk']?.hits ?? 0;
  lift(`read:${run}`);
  // Any message of the thread would wait for this one for ever.
  blockUntilFound(run);
  const { hitsIn, computations } = half.stats();
  expect(await found).toEqual(numbers.map((n) => ({ of: n, half: n / 2 })));
  expect({ tiers: hitsIn.tiers - before, computations }).toEqual({
    tiers: numbers.length,
    computations: 0,
  });
  expect((pool.stats().tiers['disk']?.hits ?? 0) - tierHits).toBe(numbers.length);
});

test('what was invalidated is not found by a thread that has read before in the same turn', async () => {
  const run = fresh('around');
  await openBefore(run);
  const found = readsAround(7, run);
  await reaches(`ready:${run}`, 1);
  await half.invalidate(7, run);
  lift(`read:${run}`);
  expect(await found).toEqual([{ of: 7, half: 3.5 }, undefined]);
});

test.runIf(inFull)('what was cleared is not found either', async () => {
  const run = fresh('cleared');
  await openBefore(run);
  const found = readsAround(7, run);
  await reaches(`ready:${run}`, 1);
  await half.clear();
  lift(`read:${run}`);
  expect(await found).toEqual([{ of: 7, half: 3.5 }, undefined]);
});

test('a thread does not find what it has ordered to forget itself', async () => {
  const run = fresh('own');
  await openBefore(run);
  const again = forgets(7, run);
  await reaches(`ready:${run}`, 1);
  lift(`read:${run}`);
  blockUntilFound(run);
  expect(await again).toEqual({ of: 7, half: 3.5 });
  expect(computed(run)).toBe(numbers.length + 2);
});

test.runIf(inFull)('what a thread reads twice goes into memory', async () => {
  const run = fresh('twice');
  await openBefore(run);
  const asked = readsTwice(7, numbers.slice(10), run);
  await reaches(`ready:${run}`, 1);
  const before = half.stats().entries;
  lift(`read:${run}`);
  expect(await asked).toBe(0);
  await until(() => half.stats().entries === before + 1);
  expect(await half(7, run)).toEqual({ of: 7, half: 3.5 });
  expect(half.stats().hitsIn.shared + half.stats().hitsIn.memory).toBeGreaterThan(0);
});

test.runIf(inFull)('but not what was invalidated meanwhile', async () => {
  const run = fresh('late');
  await openBefore(run);
  const asked = readsTwice(7, numbers.slice(10), run);
  await reaches(`ready:${run}`, 1);
  await half.invalidate(7, run);
  const { entries } = half.stats();
  lift(`read:${run}`);
  await asked;
  // The thread's word that it has read them comes before its outcome.
  expect(half.stats().entries).toBe(entries);
  expect(half.peek(7, run)).toBeUndefined();
  expect(computed(run)).toBe(numbers.length + 1);
});

test.runIf(inFull)(
  'threads that die while they read leave the directory sound, and the others reading',
  async () => {
    const run = fresh('dying');
    const pool = await openBefore(run, { threads: 2, attempts: 1 });
    for (let round = cases(4); round > 0; round--) {
      const lost = await Promise.all([
        rejection(readsOn(numbers, run)),
        rejection(readsOn(numbers.toReversed(), run)),
      ]);
      for (const error of lost) expect(error).toBeInstanceOf(WorkerLostError);
    }
    lift(`read:${run}`);
    expect(await readsAlone([1, 2, 3], run)).toHaveLength(3);
    await pool.close();
    const tier = diskTier({ path });
    expect(await tier.verify()).toMatchObject({ damaged: 0, mended: 0 });
    await tier.close();
  },
);
