/** Faults that cannot be repeated find nothing; and none may make an answer wrong, or a call hang. */

import { setImmediate } from 'node:timers/promises';
import { mapTier } from 'threadmemo';
import { type FaultOptions, faults } from 'threadmemo/testing';
import { expect, onTestFinished, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { branch, LEAVES, leaf, plainTree, tree } from '../fixtures/call-tree.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';

const quiet = { print: () => {} };
const none = { kill: 0, fail: 0, delay: 0, tiers: { delay: 0, lose: 0, damage: 0 }, ...quiet };

/** Which of a hundred computations fail. */
async function failuresOf(options: FaultOptions): Promise<number[]> {
  const pool = await open({ threads: 0, faults: faults({ ...none, fail: 0.2, ...options }) });
  const ns = Array.from({ length: 100 }, (_, n) => n);
  const settled = await Promise.allSettled(ns.map((n) => increment(n)));
  await pool.close();
  return ns.filter((n) => settled[n]?.status === 'rejected');
}

test('the same seed has the same computations fail, another one others', async () => {
  const first = await failuresOf({ seed: 7 });
  expect(first.length).toBeGreaterThan(5);
  expect(first.length).toBeLessThan(50);
  expect(await failuresOf({ seed: 7 })).toEqual(first);
  expect(await failuresOf({ seed: 8 })).not.toEqual(first);
});

test('a seed is drawn, printed, and the one that is used', async () => {
  const lines: string[] = [];
  const { seed } = faults({ print: (line) => lines.push(line) });
  expect(lines).toEqual([`threadmemo: faults({ seed: ${seed} }) repeats the faults of this run`]);
  expect(faults(quiet).seed).not.toBe(faults(quiet).seed);
});

test('an injected failure names the seed, and is counted', async () => {
  const its = faults({ ...none, seed: 42, fail: 1 });
  await open({ threads: 1, faults: its });
  const error = await rejection(increment(1));
  expect(error).toMatchObject({ code: 'ERR_THREADMEMO_INJECTED' });
  expect(error.message).toContain('faults({ seed: 42 })');
  expect(its.counts()).toMatchObject({ failed: 1, killed: 0 });
});

test('threads are killed: in a computation that awaits, as often as the pool attempts it', async () => {
  const its = faults({ ...none, kill: 1, longest: 0 });
  const pool = await open({ threads: 1, attempts: 2, faults: its });
  const error = await rejection(gated(fresh('gate')));
  expect(error).toMatchObject({ name: 'WorkerLostError' });
  expect(its.counts().killed).toBe(2);
  expect(pool.stats().threadsLost).toBe(2);
  expect((error.cause as Error).message).toContain(`faults({ seed: ${its.seed} })`);
});

test('threads that are killed are none that the user would have to look after', async () => {
  const its = faults({ ...none, kill: 0.5, longest: 0, seed: 1 });
  const pool = await open({ threads: 1, attempts: 100, faults: its });
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  for (let n = 0; n < 10; n++) expect(await increment(n)).toBe(n + 1);
  expect(its.counts().killed).toBeGreaterThan(2);
  expect(pool.stats().uncaught).toBe(0);
  await pool.close();
  await setImmediate();
  expect(warnings).toEqual([]);
});

test('on the main thread nothing is killed', async () => {
  const its = faults({ ...none, kill: 1, longest: 0 });
  await open({ threads: 0, faults: its });
  expect(await increment(1)).toBe(2);
  expect(its.counts().killed).toBe(0);
});

test.each(['delay', 'lose', 'damage'] as const)(
  'tiers that %s give right answers',
  async (fault) => {
    const its = faults({ ...none, longest: 1, tiers: { ...none.tiers, [fault]: 1 } });
    const pool = await open({ threads: 0, tiers: [mapTier()], faults: its, max: 0 });
    expect(await increment(0)).toBe(1);
    expect(await increment(0)).toBe(1);
    await pool.clear();
    expect(await increment(5)).toBe(6);
    const { tierDelayed, tierLost, tierDamaged } = its.counts();
    expect({ delay: tierDelayed, lose: tierLost, damage: tierDamaged }[fault]).toBeGreaterThan(0);
    expect(pool.stats().computations).toBe(fault === 'delay' ? 2 : 3);
  },
);

test.runIf(inFull)('of everything a little, and every answer is right', async () => {
  const its = faults({ ...quiet, kill: 0.02, fail: 0, longest: 3, seed: 11 });
  const pool = await open({ threads: 2, attempts: 100, tiers: [mapTier()], faults: its });
  for (let round = 0; round < cases(4); round++) {
    const ns = Array.from({ length: LEAVES }, (_, n) => n);
    const sums = await Promise.all(ns.map((n) => tree(n)));
    expect(sums).toEqual(ns.map(plainTree));
    await Promise.all([pool.clear(), leaf.clear(), branch.clear()]);
  }
  expect(its.counts().delayed).toBeGreaterThan(0);
});

test('a wrong option is refused', async () => {
  expect(() => faults({ ...quiet, fail: 2 })).toThrow(/fail.*2.*from 0 to 1/);
  expect(() => faults({ ...quiet, seed: 0.5 })).toThrow(/seed.*whole number/);
  expect(() => faults({ ...quiet, tiers: { lose: -1 } })).toThrow(/tiers\.lose/);
  // @ts-expect-error: no option
  expect(() => faults({ ...quiet, kills: 1 })).toThrow(/kills/);
  // @ts-expect-error: none
  await expect(open({ faults: {} })).rejects.toThrow(/faults.*faults\(\)/);
});
