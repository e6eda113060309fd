/** Threads are terminated in the middle of everything: no call hangs, no value is wrong. */

import type { Worker } from 'node:worker_threads';
import { createPool, type MemoPool } from 'threadmemo';
import { afterEach, expect, onTestFailed, test } from 'vitest';
import { cases, inFull, variants } from '../effort.ts';
import { branch, leaf, plainTree, tree } from '../fixtures/call-tree.ts';
import { hasLoaded } from '../fixtures/counters-and-gates.ts';
import { page, part, plainPage, row, total } from '../fixtures/placed-tree.ts';

const alive = new Set<Worker>();
process.on('worker', (worker) => {
  alive.add(worker);
  worker.once('exit', () => alive.delete(worker));
});

let pool: MemoPool | undefined;
afterEach(() => pool?.close());

/** False when there is no thread that may be killed. */
function kill(next: (bound: number) => number): boolean {
  const victims = [...alive].filter(({ threadId }) => hasLoaded(threadId));
  const victim = victims[next(victims.length)];
  if (!victim) return false;
  alive.delete(victim);
  void victim.terminate();
  return true;
}

/** Numbers below `bound` in an order that depends on the seed only. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Calls at random by twenty callers, who have ten threads killed among them, however many calls there are. */
async function callAndKill(call: (n: number) => Promise<void>, distinct: number): Promise<void> {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  onTestFailed(() => console.error(`SEED=${seed}`));
  const next = random(seed);
  const [callers, turns] = [20, distinct / 10];
  let [answered, owed] = [0, 0];
  const caller = async () => {
    for (let turn = 0; turn < turns; turn++) {
      await call(next(distinct));
      if (++answered % (2 * turns) === 0) owed++;
      if (owed > 0 && kill(next)) owed--;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  expect(answered).toBe(callers * turns);
}

const distinct = 10 * cases(20);

test.each(variants([2, 3, 4], 1))(
  'kills among %i threads: every call is answered rightly, computations are counted',
  async (threads) => {
    pool = await createPool({ threads, attempts: 10_000 });
    await callAndKill(async (n) => expect(await tree(n)).toBe(plainTree(n)), distinct);
    await Promise.all(Array.from({ length: distinct }, (_, n) => tree(n)));

    for (const fn of [tree, branch, leaf]) {
      const { computations, entries, lost, cancelled, errors } = fn.stats();
      expect(errors).toBe(0);
      expect(computations, fn.id).toBe(entries + lost + cancelled);
    }
    expect(tree.stats().entries).toBe(distinct);
    // How many are there to be killed depends on how fast new ones load.
    expect(pool.stats().threadsLost).toBeGreaterThanOrEqual(3);
  },
  120_000,
);

test.runIf(inFull).each([2, 1])(
  'kills among %i threads that ask main, and have limits: no slot is lost, and what main computes neither',
  async (threads) => {
    pool = await createPool({ threads, attempts: 10_000 });
    await callAndKill(async (n) => expect(await page(n)).toBe(plainPage(n)), distinct);
    await Promise.all(Array.from({ length: distinct }, (_, n) => page(n)));

    for (const fn of [page, part, total, row]) {
      const { computations, entries, lost, cancelled, errors, duplicates } = fn.stats();
      expect(errors).toBe(0);
      expect(computations, fn.id).toBe(entries + lost + cancelled + duplicates);
    }
    expect(row.stats()).toMatchObject({ lost: 0, overLimit: 0 });
    expect(pool.inspect().flights).toEqual([]);
    expect(pool.stats().threadsLost).toBeGreaterThanOrEqual(3);
  },
  120_000,
);
