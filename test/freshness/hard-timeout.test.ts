/** A computation that takes longer than it may keeps its callers, its key, its slot or its thread. */

import { type Memoized, TimeoutError } from 'threadmemo';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../build/src/clock.js';
import type { Timer } from '../../src/clock.ts';
import { inFull, variants } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import {
  keepsThread,
  LIMIT,
  type Manner,
  nestsSlow,
  nestsSlowBlocking,
  slow,
  slowAtCaller,
  slowOne,
  slowOnMain,
} from '../fixtures/time-limits.ts';
import { Guest } from '../threads/guest.ts';
import { open, rejection, until } from '../threads/open.ts';

// The copy whose clock is at hand.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

const TIMEOUT = 'ERR_THREADMEMO_TIMEOUT';

/** Milliseconds that a computation has to stop: see `stopping.ts`. */
const GRACE = 1000;
/** Whether it has for ever: a busy machine may not run its thread for longer than that. */
let hasForEver = false;

/** Limits of computations that go on. */
const limits = new Set<() => void>();
beforeEach(() => {
  hasForEver = false;
  const after = systemClock.after.bind(systemClock);
  const spy = vi.spyOn(systemClock, 'after').mockImplementation((ms, run): Timer => {
    if (ms === GRACE && hasForEver) return { cancel() {} };
    if (ms !== LIMIT) return after(ms, run);
    limits.add(run);
    return { cancel: () => limits.delete(run) };
  });
  return () => spy.mockRestore();
});

/** So many computations have begun, and now the time of all is over. */
async function timeIsUp(of = 1): Promise<void> {
  await until(() => limits.size >= of);
  for (const run of limits) {
    limits.delete(run);
    run();
  }
}

/** What the call is rejected with when its time is over. */
async function timesOut(call: Promise<unknown>): Promise<Error> {
  const error = rejection(call);
  await timeIsUp();
  return await error;
}

test.each(variants<Manner>(['obeys', 'awaits', 'busy', 'polls'], 2))(
  'in a thread, %s: its callers get a TimeoutError, and the key and the thread are free',
  async (manner) => {
    const isTold = manner === 'obeys' || manner === 'polls';
    hasForEver = isTold;
    const pool = await open({ threads: 1, attempts: 1 });
    const gate = fresh('slow');
    const first = rejection(slow(gate, manner));
    const second = timesOut(slow(gate, manner));
    for (const error of [await first, await second]) {
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ functionId: slow.id, key: slow.key(gate, manner) });
      expect(error.message).toContain('hardTimeout of 777777 ms');
    }
    // The only thread: for this it must be free.
    expect(await increment(1, fresh('next'))).toBe(2);
    lift(gate);
    expect(await slow(gate, manner)).toBe(2);
    expect(slow.stats()).toMatchObject({ hardTimeouts: 1, cancelled: 0, overrun: 0, entries: 1 });
    expect(pool.stats().lost).toBe(0);
    if (isTold) expect(counted(`${gate}:TimeoutError`)).toBe(1);
  },
);

describe.each<[string, Memoized<typeof slowOne.original>, number]>([
  ["'main'", slowOnMain, 1],
  ["'caller'", slowAtCaller, 1],
  ["'pool' without threads", slowOne, 0],
])('%s, which cannot be stopped', (_, fn, threads) => {
  test('callers are answered, key and slot are free, and what it returns is dropped', async () => {
    await open({ threads });
    const [late, other] = [fresh('late'), fresh('other')];
    const calls = [rejection(fn(late, 'awaits')), timesOut(fn(late, 'awaits'))];
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(TimeoutError);
    await reaches(`${late}:TimeoutError`, 1);
    lift(other);
    expect(await fn(other, 'awaits')).toBe(1);
    expect(await timesOut(fn(late, 'awaits'))).toBeInstanceOf(TimeoutError);
    lift(late);
    await until(() => fn.stats().computeMsSpent > 0);
    expect(fn.has(late, 'awaits')).toBe(false);
    expect(fn.stats()).toMatchObject({ hardTimeouts: 2, overrun: 2, overLimit: 0, entries: 1 });
    expect(await fn(late, 'awaits')).toBe(3);
  });
});

test('a caller in a thread of what main computes gets a TimeoutError', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('main');
  for (const how of ['call', 'sync'])
    expect(await timesOut(guest.ask(how, 'slowOnMain', gate, 'awaits'))).toMatchObject({
      code: TIMEOUT,
    });
  expect(slowOnMain.stats()).toMatchObject({ hardTimeouts: 2, overrun: 2 });
});

test('an attached thread is not ended, and its call is answered', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('guest');
  const asked = rejection(guest.ask('call', 'slowOne', gate, 'awaits'));
  await reaches(`${gate}:started`, 1);
  const joined = rejection(slowOne(gate, 'awaits'));
  await until(() => slowOne.stats().waits === 1);
  await timeIsUp();
  expect(await asked).toMatchObject({ code: TIMEOUT });
  expect(await joined).toBeInstanceOf(TimeoutError);
  lift(gate);
  expect(await slowOne(gate, 'awaits')).toBe(2);
  expect(await guest.ask('call', 'increment', 1)).toBe(2);
  expect(slowOne.stats()).toMatchObject({ hardTimeouts: 1, overrun: 1 });
});

type Nests = (gate: string, manner: Manner) => Promise<unknown>;
const nests: [string, Nests][] = [
  ['is awaited', (gate, manner) => nestsSlow(gate, manner, 0)],
  ['is awaited three calls further', (gate, manner) => nestsSlow(gate, manner, 3)],
  ['blocks its thread', (gate, manner) => nestsSlowBlocking(gate, manner)],
];
test.runIf(inFull).each(nests)(
  'an inner call that has cost the thread, and %s, fails when the outer one starts again',
  async (_, call) => {
    const pool = await open({ threads: 1, attempts: 1 });
    const gate = fresh('inner');
    const called = call(gate, 'busy');
    await timeIsUp();
    expect(await called).toMatchObject({ nth: 2, code: TIMEOUT });
    expect(counted(`${gate}:started`)).toBe(1);
    expect(pool.stats()).toMatchObject({ threadsLost: 1, hardTimeouts: 1 });
    // Of another computation it is a call like any other.
    lift(gate);
    expect(await slow(gate, 'busy')).toBe(2);
  },
);

test.each(variants(nests, 1))(
  'an inner call that obeys, and %s, costs no thread',
  async (_, call) => {
    hasForEver = true;
    const pool = await open({ threads: 1, attempts: 1 });
    const gate = fresh('inner');
    const called = call(gate, 'polls');
    await timeIsUp();
    expect(await called).toMatchObject({ nth: 1, code: TIMEOUT });
    expect(pool.stats()).toMatchObject({ threadsLost: 0, hardTimeouts: 1 });
  },
);

test.runIf(inFull)(
  'in a thread that is kept for something else, it gives its slot back',
  async () => {
    const pool = await open({ threads: 2 });
    const [gate, hung, next] = [fresh('kept'), fresh('hung'), fresh('next')];
    const kept = keepsThread(gate, hung);
    await timeIsUp();
    await reaches(`${gate}:left`, 1);
    lift(next);
    expect(await slowOne(next, 'awaits')).toBe(1);
    expect(slowOne.stats()).toMatchObject({ hardTimeouts: 1, overrun: 1, overLimit: 0 });
    lift(gate);
    expect(await kept).toBe(TIMEOUT);
    expect(pool.stats().threadsLost).toBe(0);
  },
);
