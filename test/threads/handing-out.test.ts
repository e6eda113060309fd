/**
 * One slow computation holds up others that were handed to its thread, or waiting tasks occupy the
 * threads, and what could run does not.
 */

import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { holds, stalls } from '../fixtures/batches-and-sleep.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { ordinal } from '../fixtures/distinct-results.ts';
import { crowd, gated } from '../fixtures/gated.ts';
import { open } from './open.ts';

/** Lets the pool see how short it is, so that it goes in batches. */
async function looksTiny(): Promise<void> {
  for (let n = 0; n < 50; n++) await stalls(n);
}

/** While the only thread is busy: the first of these goes to it alone, and the rest in one batch. */
async function inOneBatch<T>(calls: () => T): Promise<T> {
  const gate = fresh('batch');
  const holding = holds(gate);
  await reaches(`${gate}:holds`, 1);
  const made = calls();
  count(`${gate}:go`);
  await holding;
  return made;
}

test.runIf(inFull)(
  'what stands behind a stalled task of its batch is done by another thread',
  async () => {
    const pool = await open({ threads: 2 });
    await looksTiny();
    const gate = fresh('stalled');
    const stalled = stalls(1000, gate);
    await reaches(`${gate}:stalls`, 1);
    const others = Array.from({ length: 30 }, (_, n) => stalls(2000 + n));
    expect(await Promise.all(others)).toEqual(others.map((_, n) => 2000 + n));
    expect(counted(`${gate}:go`)).toBe(0);
    count(`${gate}:go`);
    expect(await stalled).toBe(1000);
    const { computations, entries } = pool.stats();
    expect(computations).toBe(entries);
  },
);

test('what was computed before a stalled task of the same batch is answered at once', async () => {
  await open({ threads: 1 });
  await looksTiny();
  const gate = fresh('stalled');
  const [before, stalled, behind] = await inOneBatch(() => [
    stalls(3000),
    stalls(3001, gate),
    stalls(3002),
  ]);
  expect(await before).toBe(3000);
  await reaches(`${gate}:stalls`, 1);
  count(`${gate}:go`);
  expect(await Promise.all([stalled, behind])).toEqual([3001, 3002]);
});

test('who leaves before its task has started leaves nothing to be computed', async () => {
  const pool = await open({ threads: 1 });
  await looksTiny();
  const gate = fresh('stalled');
  const leaving = new AbortController();
  const name = fresh('left');
  const [stalled, left] = await inOneBatch(() => [
    stalls(4000, gate),
    stalls.with({ signal: leaving.signal })(4001, name).catch(String),
  ]);
  await reaches(`${gate}:stalls`, 1);
  leaving.abort(new Error('enough'));
  expect(await left).toBe('Error: enough');
  count(`${gate}:go`);
  count(`${name}:go`);
  expect(await stalled).toBe(4000);
  expect(await stalls(4002)).toBe(4002);
  expect(counted(`${name}:stalls`)).toBe(0);
  expect(pool.stats()).toMatchObject({ cancelled: 0 });
});

test('tasks that wait for a computation of another thread leave their slots to others', async () => {
  const pool = await open({ threads: 2 });
  const gate = fresh('parked');
  const awaited = gated(gate);
  await reaches(`${gate}:started`, 1);
  // All in the other thread, each after the one before has begun to wait.
  const waiting = Array.from({ length: 40 }, (_, n) => crowd(gate, 1, `${n}`));
  await reaches(`${gate}:asked`, 40);
  expect(await ordinal(fresh('free'))).toBe(1);
  lift(gate);
  expect((await awaited).nth).toBe(1);
  for (const { answers } of await Promise.all(waiting)) expect(answers[0]?.nth).toBe(1);
  expect(pool.stats()).toMatchObject({ computations: 42 });
});
