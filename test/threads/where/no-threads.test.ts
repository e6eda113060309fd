/** A pool without threads: everything is computed on the thread that asks, and shared all the same. */

import { setImmediate } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { CycleError, mapTier, memoize, PoolClosedError, ThreadError } from 'threadmemo';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { counted, fresh, lift, reaches } from '../../fixtures/counters-and-gates.ts';
import {
  asks,
  atOnce,
  blocksWrongly,
  busy,
  failsOnMain,
  inPool,
  mainInCircle,
  NotFound,
  plain,
  priced,
  type Setting,
  settings,
  sumTo,
  takesOver,
  unstoppable,
} from '../../fixtures/where.ts';
import { open, rejection, until } from '../open.ts';

vi.mock('../../fixtures/rates.ts', () => ({ rateOf: async () => 2 }));

describe('in a pool without threads', () => {
  beforeEach(async () => {
    const pool = await open({ threads: 0 });
    return () => expect(pool.stats()).toMatchObject({ threads: 0, threadsLost: 0, queued: 0 });
  });

  test.each<Setting>(['pool', 'caller', 'main'])(
    'one call of many is computed: %s',
    async (setting) => {
      const gate = fresh(setting);
      const fn = settings[setting];
      const calls = [fn(gate), fn.fork(gate), fn(gate)];
      const asked = asks(setting, gate, 'call', 'a');
      expect(counted(`${gate}:started`)).toBe(0);
      await reaches(`${gate}:asking`, 1);
      await until(() => fn.stats().waits === 3);
      lift(gate);
      for (const got of await Promise.all(calls)) expect(got).toEqual({ nth: 1, thread: threadId });
      expect(await asked).toEqual({ from: threadId, got: { nth: 1, thread: threadId } });
      expect(fn.stats()).toMatchObject({ misses: 1, waits: 3, computations: 1, entries: 1 });
      expect(await fn(gate)).toEqual({ nth: 1, thread: threadId });
      expect(fn.stats().hits).toBe(1);
    },
  );

  test('a function never starts on its caller’s stack', async () => {
    const name = fresh('stack');
    const call = plain(name);
    plain.stats();
    expect(counted(name)).toBe(0);
    expect(await call).toEqual({ nth: 1, thread: threadId });
  });

  test('mocks of what a function uses work', async () => {
    expect(await priced(21, 'EUR')).toBe(42);
  });

  test('a recursion by sync is computed on the spot, each step once', async () => {
    expect(await sumTo(50)).toBe(1275);
    expect(sumTo.stats()).toMatchObject({ misses: 51, computations: 51, entries: 51 });
    expect(await sumTo(40)).toBe(820);
    expect(await sumTo(60)).toBe(1830);
    expect(sumTo.stats().computations).toBe(61);
  });

  test('sync takes over what was called and has not begun', async () => {
    const name = fresh('taken over');
    expect(await takesOver(name)).toEqual(Array(2).fill({ nth: 1, thread: threadId }));
    expect(plain.stats()).toMatchObject({ misses: 1, waits: 1, computations: 1 });
  });

  test('sync outside of a computation is refused, as ever', () => {
    expect(() => plain.sync(fresh('refused'))).toThrow(ThreadError);
  });

  test('sync of what is asynchronous, of what is computed already, and in a circle fails', async () => {
    const [gate, other] = [fresh('asynchronous'), fresh('under way')];
    const asynchronous = await rejection(blocksWrongly(gate, 'asynchronous'));
    expect(asynchronous).toBeInstanceOf(ThreadError);
    expect(asynchronous.message).toContain('returned a promise');
    const underWay = await rejection(blocksWrongly(other, 'under way'));
    expect(underWay).toBeInstanceOf(ThreadError);
    expect(underWay.message).toContain('is being computed');
    expect(await rejection(blocksWrongly(other, 'itself'))).toBeInstanceOf(CycleError);
    lift(gate);
    lift(other);
    // What goes on is shared.
    expect((await inPool(gate)).nth).toBe(1);
    expect((await inPool(other)).nth).toBe(1);
  });

  test('calls in a circle fail, errors keep their class', async () => {
    expect(await rejection(mainInCircle(1))).toBeInstanceOf(CycleError);
    expect(await rejection(failsOnMain('it'))).toBeInstanceOf(NotFound);
  });

  test('the signal of what is abandoned aborts, and its outcome is dropped', async () => {
    const gate = fresh('abandoned');
    const leave = new AbortController();
    const left = unstoppable.with({ signal: leave.signal })(gate);
    await reaches(`${gate}:started`, 1);
    leave.abort(new Error('left'));
    expect((await rejection(left)).message).toBe('left');
    await reaches(`${gate}:aborted`, 1);
    lift(gate);
    await reaches(`${gate}:over`, 1);
    await setImmediate();
    expect(unstoppable.has(gate)).toBe(false);
  });

  test('an invalidation while it runs: the value answers, and is not kept', async () => {
    const gate = fresh('fenced');
    const before = inPool(gate);
    await reaches(`${gate}:started`, 1);
    await inPool.invalidate(gate);
    lift(gate);
    expect((await before).nth).toBe(1);
    expect((await inPool(gate)).nth).toBe(2);
  });

  test('map computes all inputs, in their order', async () => {
    const names = [1, 2, 3].map((n) => fresh(`${n}`));
    for (const name of names) lift(name);
    const got: unknown[] = [];
    for await (const { thread } of inPool.map(names)) got.push(thread);
    expect(got).toEqual([threadId, threadId, threadId]);
  });

  test('values are copies', async () => {
    const made = { list: [1] };
    const copied = memoize(import.meta.url, async () => made, { name: fresh('copied') });
    const first = await copied();
    expect(first).toEqual(made);
    expect(first).not.toBe(made);
    expect(await copied()).not.toBe(first);
  });

  test('no warning advises a worker thread', async () => {
    const warn = vi.spyOn(process, 'emitWarning');
    await busy(60, 'here');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

test('limits, tiers and maxQueue are as ever', async () => {
  const records = new Map();
  const pool = await open({ threads: 0, maxQueue: 0, max: 2, tiers: [mapTier(records)] });
  const names = ['a', 'b', 'c', 'd'].map(fresh);
  await Promise.all(names.map((name) => plain(name)));
  expect(pool.stats().entries).toBeLessThanOrEqual(2);
  for (const name of names) expect(await plain(name)).toEqual({ nth: 1, thread: threadId });
  expect(plain.stats().hitsIn.tiers).toBeGreaterThan(0);
});

test('the pool closes while something runs', async () => {
  const pool = await open({ threads: 0 });
  const gate = fresh('closes');
  const call = rejection(unstoppable(gate));
  await reaches(`${gate}:started`, 1);
  const begun = rejection(atOnce(fresh('not begun')));
  await pool.close();
  expect(await call).toBeInstanceOf(PoolClosedError);
  expect(await begun).toBeInstanceOf(PoolClosedError);
  await reaches(`${gate}:aborted`, 1);
  lift(gate);
});

test('a function of main in a pool with threads may not block', async () => {
  await open({ threads: 1 });
  const blocks = memoize(import.meta.url, async (name: string) => plain.sync(name), {
    name: fresh('blocks'),
    thread: 'main',
  });
  expect(await rejection(blocks(fresh('it')))).toBeInstanceOf(ThreadError);
});
