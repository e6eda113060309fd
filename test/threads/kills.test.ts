/** Threads are terminated in the middle of everything: no call hangs, no value is wrong. */

import type { Worker } from 'node:worker_threads';
import { createPool, type MemoPool } from 'threadmemo';
import { afterEach, expect, onTestFailed, test } from 'vitest';
import { branch, leaf, plainTree, tree } from '../../workers/kills.ts';
import { hasLoaded } from '../../workers/shared.ts';
import { cases } from '../effort.ts';

const alive = new Set<Worker>();
process.on('worker', (worker) => {
  alive.add(worker);
  worker.once('exit', () => alive.delete(worker));
});

let pool: MemoPool | undefined;
afterEach(() => pool?.close());

function kill(next: (bound: number) => number): void {
  const victims = [...alive].filter(({ threadId }) => hasLoaded(threadId));
  const victim = victims[next(victims.length)];
  if (!victim) return;
  alive.delete(victim);
  void victim.terminate();
}

/** Numbers below `bound` in an order that depends on the seed only. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

test.each([2, 3, 4])(
  'kills among %i threads: every call is answered rightly, computations are counted',
  async (threads) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    onTestFailed(() => console.error(`SEED=${seed}`));
    const next = random(seed);
    pool = await createPool({ threads, attempts: 10_000 });
    const [callers, turns] = [20, cases(20)];
    const distinct = 10 * turns;
    let answered = 0;
    const call = async () => {
      const n = next(distinct);
      expect(await tree(n)).toBe(plainTree(n));
      answered++;
      if (answered % 40 === 0) kill(next);
    };
    const caller = async () => {
      for (let turn = 0; turn < turns; turn++) await call();
    };
    await Promise.all(Array.from({ length: callers }, caller));
    await Promise.all(Array.from({ length: distinct }, (_, n) => tree(n)));

    expect(answered).toBe(callers * turns);
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
