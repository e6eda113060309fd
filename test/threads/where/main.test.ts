/** Functions that the pool's own thread computes: called there, and from worker threads. */

import { threadId } from 'node:worker_threads';
import { CycleError, memoize, PoolClosedError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { inFull, variants } from '../../effort.ts';
import { counted, fresh, lift, reaches } from '../../fixtures/counters-and-gates.ts';
import {
  asks,
  asksAtOnce,
  atOnce,
  blocksForPool,
  blocksForWaiting,
  busy,
  catchesFromMain,
  context,
  contextOnMain,
  failsOnMain,
  mainAwaits,
  mainInBlockedCircle,
  mainInCircle,
  NotFound,
  onMain,
  plain,
  type Setting,
  settings,
  unstoppable,
  type Way,
  workerBlocks,
  workerInBlockedCircle,
} from '../../fixtures/where.ts';
import { open, rejection, until } from '../open.ts';

test('a function of main is computed there, and not on the stack of its caller', async () => {
  await open({ threads: 1 });
  const name = fresh('main');
  const call = atOnce(name);
  expect(counted(name)).toBe(0);
  expect(await call).toEqual({ nth: 1, thread: threadId });
  expect(await atOnce(name)).toEqual({ nth: 1, thread: threadId });
  expect(atOnce.peek(name)).toEqual({ nth: 1, thread: threadId });
  expect(atOnce.stats()).toMatchObject({ hits: 1, misses: 1, computations: 1, entries: 1 });
});

test.each(variants<Setting>(['main', 'pool', 'caller'], 1))(
  'of calls from main and two workers one is computed: %s',
  async (setting) => {
    const pool = await open({ threads: 2 });
    const gate = fresh(setting);
    const calls = [settings[setting](gate), settings[setting].fork(gate)];
    const asked = ['a', 'b'].map((caller) => asks(setting, gate, 'call', caller));
    await reaches(`${gate}:asking`, 2);
    await reaches(`${gate}:started`, 1);
    const fn = settings[setting];
    await until(() => fn.stats().waits >= 3);
    lift(gate);
    const got = [...(await Promise.all(calls)), ...(await Promise.all(asked)).map((it) => it.got)];
    expect(new Set(got.map(({ nth }) => nth))).toEqual(new Set([1]));
    if (setting !== 'pool')
      expect(new Set(got.map((it) => it.thread))).toEqual(new Set([threadId]));
    expect(fn.stats()).toMatchObject({ computations: 1, misses: 1, waits: 3 });
    expect(pool.stats().duplicates).toBe(0);
  },
);

test.each(variants<Way>(['sync', 'call', 'fork'], 1))(
  'main computes what a worker asks for by %s',
  async (way) => {
    await open({ threads: 1 });
    const gate = fresh(way);
    const asked = asks('main', gate, way, 'a');
    await reaches(`${gate}:started`, 1);
    lift(gate);
    const { from, got } = await asked;
    expect(from).not.toBe(threadId);
    expect(got).toEqual({ nth: 1, thread: threadId });
    const { got: other } = await asksAtOnce(fresh(way), way);
    expect(other).toEqual({ nth: 1, thread: threadId });
  },
);

test.runIf(inFull)('a worker that is blocked for main blocks no other thread', async () => {
  await open({ threads: 2 });
  const [gate, other] = [fresh('blocked'), fresh('other')];
  const asked = asks('main', gate, 'sync', 'a');
  await reaches(`${gate}:started`, 1);
  lift(other);
  expect(await asks('main', other, 'sync', 'b')).toMatchObject({ got: { thread: threadId } });
  lift(gate);
  expect(await asked).toMatchObject({ got: { thread: threadId } });
});

describe('main awaits a worker that blocks for main', () => {
  test.each(variants([1, 2], 1))('in %i threads', async (threads) => {
    const pool = await open({ threads });
    expect(await mainAwaits(fresh('deep'), 1)).toHaveLength(3);
    expect(await workerBlocks(fresh('deep'), 0)).toHaveLength(2);
    expect(pool.stats().duplicates).toBe(0);
  });

  test('and main needs what only a blocked thread could compute', async () => {
    await open({ threads: 1 });
    expect(await blocksForPool(fresh('needed'))).toEqual({ nth: 1, thread: threadId });
    expect(plain.stats()).toMatchObject({ computations: 1, duplicates: 0 });
  });

  test('and another thread is free for what main needs', async () => {
    await open({ threads: 2 });
    const { nth, thread } = await blocksForPool(fresh('needed'));
    expect(nth).toBe(1);
    expect(thread).not.toBe(threadId);
  });

  test('and needs what that worker has begun', async () => {
    const pool = await open({ threads: 1 });
    const gate = fresh('held up');
    const blocks = blocksForWaiting(gate);
    await reaches(`${gate}:started`, 2);
    lift(gate);
    expect(await blocks).toBe(2);
    expect(pool.stats()).toMatchObject({ duplicates: 1, errors: 0 });
  });
});

test('a circle over main and a worker fails for all, by calls and by blocking', async () => {
  await open({ threads: 2 });
  expect(await rejection(mainInCircle(1))).toBeInstanceOf(CycleError);
  const error = await rejection(mainInBlockedCircle(1));
  expect(error).toBeInstanceOf(CycleError);
  expect((error as CycleError).cycle).toHaveLength(3);
  expect(await rejection(workerInBlockedCircle(2))).toBeInstanceOf(CycleError);
});

test('errors arrive with their class everywhere', async () => {
  await open({ threads: 1 });
  const what = fresh('what');
  expect(await rejection(failsOnMain(what))).toBeInstanceOf(NotFound);
  expect(await catchesFromMain(what, false)).toEqual([true, 'NOT_FOUND', what]);
  expect(await catchesFromMain(what, true)).toEqual([true, 'NOT_FOUND', what]);
  expect(failsOnMain.stats()).toMatchObject({ errors: 3, computations: 3, entries: 0 });
});

test('a closure over what only this thread has', async () => {
  await open({ threads: 1 });
  const rows = new Map([[1, { id: 1, name: 'Ada' }]]);
  const row = memoize(import.meta.url, async (id: number) => rows.get(id), {
    name: fresh('row'),
    thread: 'main',
  });
  const first = await row(1);
  expect(first).toEqual({ id: 1, name: 'Ada' });
  expect(first).not.toBe(rows.get(1));
  rows.clear();
  expect(await row(1)).toEqual({ id: 1, name: 'Ada' });
  await row.invalidate(1);
  expect(await row(1)).toBeUndefined();
});

test('a computation without waiters gets its signal, its key is free, and its outcome is dropped', async () => {
  await open({ threads: 1 });
  const gate = fresh('unstoppable');
  const leave = new AbortController();
  const left = unstoppable.with({ signal: leave.signal })(gate);
  await reaches(`${gate}:started`, 1);
  leave.abort(new Error('left'));
  expect((await rejection(left)).message).toBe('left');
  await reaches(`${gate}:aborted`, 1);
  const again = unstoppable(gate);
  await reaches(`${gate}:started`, 2);
  lift(gate);
  expect(await again).toBe(2);
  await reaches(`${gate}:over`, 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(unstoppable.peek(gate)).toBe(2);
  expect(unstoppable.stats()).toMatchObject({ cancelled: 1, computations: 2, entries: 1 });
});

test('a call that leaves before its computation has begun takes it with it', async () => {
  await open({ threads: 1 });
  const name = fresh('never');
  const leave = new AbortController();
  const left = atOnce.with({ signal: leave.signal })(name);
  // Taken by the coordinator, and begun in the next microtask.
  atOnce.stats();
  leave.abort(new Error('left'));
  await rejection(left);
  await new Promise((resolve) => setImmediate(resolve));
  expect(counted(name)).toBe(0);
});

test('an invalidation while it runs: the value answers, and is not kept', async () => {
  await open({ threads: 1 });
  const gate = fresh('fenced');
  const before = onMain(gate);
  await reaches(`${gate}:started`, 1);
  await onMain.invalidate(gate);
  const later = onMain(gate);
  await reaches(`${gate}:started`, 2);
  lift(gate);
  expect((await before).nth).toBe(1);
  expect((await later).nth).toBe(2);
  expect(onMain.peek(gate)?.nth).toBe(2);
});

test('the pool closes while one runs: its callers are answered, and it is told to stop', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('closed');
  const calls = [unstoppable(gate), asks('main', gate, 'call', 'a')];
  await reaches(`${gate}:started`, 2);
  const rejected = Promise.all(calls.map(rejection));
  await pool.close();
  for (const error of await rejected) expect(error).toBeInstanceOf(PoolClosedError);
  await reaches(`${gate}:aborted`, 1);
  expect(await rejection(atOnce(fresh('after')))).toBeInstanceOf(PoolClosedError);
  lift(gate);
  await reaches(`${gate}:over`, 1);
});

test.runIf(inFull)(
  'one that keeps the thread busy is warned about once, and nothing is lost',
  async () => {
    await open({ threads: 1 });
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const gate = fresh('beside');
    const beside = asks('main', gate, 'sync', 'a');
    await reaches(`${gate}:started`, 1);
    lift(gate);
    expect(await Promise.all([busy(1000, 'a'), busy(60, 'b'), busy(1, 'c')])).toEqual(
      Array.from({ length: 3 }, () => threadId),
    );
    expect((await beside).got.nth).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    const about = warnings.filter(({ message }) => message.includes('#busy'));
    expect(about).toHaveLength(1);
    expect(about[0]?.message).toContain("thread: 'pool'");
  },
);

test('many that come together do not keep everything else waiting', async () => {
  await open({ threads: 1 });
  const calls = Array.from({ length: 40 }, (_, n) => busy(2, fresh(`many ${n}`)));
  let done = 0;
  for (const call of calls) void call.then(() => done++);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toBeLessThan(40);
  await Promise.all(calls);
});

test('a computation of main runs in no context of its caller', async () => {
  await open({ threads: 1 });
  expect(await context.run('mine', () => contextOnMain(fresh('context')))).toBeUndefined();
});
