/** An orderly end: what was not begun is rejected, what runs is answered. */

import { setImmediate } from 'node:timers/promises';
import { mapTier, PoolClosedError, type Tier } from 'threadmemo';
import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { crowd, gated, incrementsLater } from '../fixtures/gated.ts';
import { increment, whereAmI } from '../fixtures/quick.ts';
import { open, until } from '../threads/open.ts';

test('what runs is answered and kept, what waits for a thread is rejected', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('runs');
  const runs = gated(gate);
  await reaches(`${gate}:started`, 1);
  const waits = Array.from({ length: 200 }, () => gated(fresh('waits')));
  const outcomes = waits.map((call) => call.then(() => 'answered', itself));
  await until(() => pool.stats().queued > 0);
  const { queued } = pool.stats();
  pool.withdraw();
  expect(pool.stats().queued).toBe(0);
  lift(gate);
  expect(await runs).toMatchObject({ nth: 1 });
  expect(gated.has(gate)).toBe(true);
  const withdrawn = outcomes.slice(-queued);
  for (const outcome of withdrawn) expect(await outcome).toBeInstanceOf(PoolClosedError);
});

test.runIf(inFull)(
  'what asks a tier for the right to compute is rejected, and does not begin when it gets it',
  async () => {
    const grants: (() => void)[] = [];
    const misses: (() => void)[] = [];
    const lease = { store: async () => true, release: async () => {} };
    const tier: Tier = {
      ...mapTier(),
      // What is asked for the calls of one function is answered in the end only: those of the other are not among the first.
      get: (id) =>
        new Promise((resolve) => {
          if (id.includes('#whereAmI')) misses.push(() => resolve(undefined));
          else resolve(undefined);
        }),
      lease: () =>
        new Promise((resolve) => grants.push(() => resolve({ state: 'granted', lease }))),
    };
    const pool = await open({ threads: 2, tiers: [tier] });
    const asked = Array.from({ length: 5000 }, (_, n) => whereAmI(String(n)));
    const calls = [...asked, increment(1), increment(2)].map((call) => call.then(String, itself));
    await until(() => grants.length === 2);
    pool.withdraw();
    for (const grant of grants) grant();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => !(outcome instanceof PoolClosedError))).toEqual([]);
    // Many turns of the event loop, in which a thread would begin.
    for (let turns = 0; turns < 1000; turns++) await setImmediate();
    expect(increment.stats().computations).toBe(0);
    for (const miss of misses) miss();
  },
);

test('what runs still gets what it asks for itself', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('asks');
  const runs = incrementsLater(gate, 1, fresh('cell'));
  await reaches(`${gate}:started`, 1);
  pool.withdraw();
  lift(gate);
  expect(await runs).toBe(2);
});

test('a computation that a worker waits for, too, goes on', async () => {
  const pool = await open({ threads: 2 });
  const gate = fresh('shared');
  const workers = crowd(gate, 1, fresh('caller'));
  await reaches(`${gate}:started`, 1);
  const main = gated(gate);
  pool.withdraw();
  lift(gate);
  expect((await workers).answers).toHaveLength(1);
  expect(await main).toMatchObject({ nth: 1 });
});

function itself(error: unknown): unknown {
  return error;
}
