/** What was left behind occupies a thread for ever, and calls wait for that thread. */

import type { MemoPool } from 'threadmemo';
import { beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../build/src/clock.js';
import type { Timer } from '../../src/clock.ts';
import { BlockedThreads } from '../../src/pool/blocked-threads.ts';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { leavesSpinning } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { open, until, watchRest } from './open.ts';

// The copy whose clock is at hand.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

/** Milliseconds between two looks: see `blocked-threads.ts`. */
const LOOK_MS = 1000;
/** Looks that come when a test says so. */
const looks = new Set<() => void>();
beforeEach(() => {
  const after = systemClock.after.bind(systemClock);
  const spy = vi.spyOn(systemClock, 'after').mockImplementation((ms, run): Timer => {
    if (ms !== LOOK_MS) return after(ms, run);
    looks.add(run);
    return { cancel: () => looks.delete(run) };
  });
  return () => spy.mockRestore();
});

/** Looks until a thread has been found blocked, and no more: the next one is given time to start. */
async function lookUntilBlocked(pool: MemoPool): Promise<void> {
  while (pool.stats().uncaught === 0) {
    await until(() => looks.size > 0);
    for (const look of [...looks]) {
      looks.delete(look);
      look();
    }
  }
}

test('a thread on shift is replaced, and the call is answered', async () => {
  const pool = await open({ threads: 1, attempts: 1 });
  const name = fresh('spinning');
  const warnings: NodeJS.ErrnoException[] = [];
  process.once('warning', (warning) => warnings.push(warning));
  expect(await leavesSpinning(name)).toBe(1);
  await reaches(`${name}:turns`, 1);
  const calls = Promise.all([1, 2, 3].map((n) => increment(n)));
  await lookUntilBlocked(pool);
  expect(await calls).toEqual([2, 3, 4]);
  expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 0, uncaught: 1 });
  await until(() => warnings.length > 0);
  expect(warnings[0]?.code).toBe('THREADMEMO_THREAD_DIED');
  expect(warnings[0]?.message).toContain('such as an endless timer, kept it from its calls');
});

test.runIf(inFull)('so is one that was told to rest', async () => {
  const resting = watchRest();
  const pool = await open({ threads: 1 });
  const name = fresh('spinning');
  expect(await leavesSpinning(name)).toBe(1);
  await reaches(`${name}:turns`, 1);
  await resting();
  const call = increment(1);
  await lookUntilBlocked(pool);
  expect(await call).toBe(2);
  expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 0 });
});

/** One thread, and what it has not begun. */
function watched() {
  const clock = new FakeClock();
  const state = { unbegun: undefined as unknown, isInUse: true, blocked: 0 };
  const threads = new BlockedThreads<string>(clock, {
    threads: () => ['thread'],
    areInUse: () => state.isInUse,
    unbegun: () => state.unbegun,
    blocked: () => state.blocked++,
  });
  const look = (times: number) => {
    for (let n = 0; n < times; n++) clock.advance(1000);
  };
  threads.watch();
  return { state, look, threads };
}

test('it is replaced when the same has waited at six looks', () => {
  const { state, look } = watched();
  state.unbegun = 'task 1';
  look(5);
  expect(state.blocked).toBe(0);
  look(1);
  expect(state.blocked).toBe(1);
});

test('another task, or none, begins a new count', () => {
  const { state, look } = watched();
  for (const unbegun of ['task 1', 'task 2', undefined, 'task 2']) {
    state.unbegun = unbegun;
    look(5);
  }
  expect(state.blocked).toBe(0);
});

test('a coordinator that was busy does not count as a thread that was', () => {
  const clock = new FakeClock();
  let blocked = 0;
  const threads = new BlockedThreads<string>(clock, {
    threads: () => ['thread'],
    areInUse: () => true,
    unbegun: () => 'task',
    blocked: () => blocked++,
  });
  threads.watch();
  clock.advance(60_000);
  clock.advance(60_000);
  expect(blocked).toBe(0);
});

test('nothing is looked at while no thread is in use', () => {
  const { state, look, threads } = watched();
  state.isInUse = false;
  look(1);
  state.unbegun = 'task';
  look(100);
  expect(state.blocked).toBe(0);
  state.isInUse = true;
  threads.watch();
  look(6);
  expect(state.blocked).toBe(1);
});

test('a pool that was closed is not looked at any more', () => {
  const { state, look, threads } = watched();
  state.unbegun = 'task 1';
  threads.stop();
  threads.watch();
  look(10);
  expect(state.blocked).toBe(0);
});

test('nothing of a pool that was closed goes on', async () => {
  const pool = await open({ threads: 1 });
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  const before = timers();
  await Promise.all([1, 2, 3].map((n) => increment(n)));
  await pool.close();
  expect(timers()).toBeLessThanOrEqual(before);
});
