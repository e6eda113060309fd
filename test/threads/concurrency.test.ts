/**
 * More computations of a function go on than its `concurrency` allows; or calls wait for ever for a slot
 * that was lost, or for each other.
 */

import { createPool, type MemoPool, QueueFullError, WorkerLostError } from 'threadmemo';
import { afterEach, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  asksForTwo,
  blocksLeft,
  blocksRight,
  diesAlone,
  left,
  one,
  oneOnMain,
  pings,
  pongs,
  recurses,
  recursesBlocking,
  returns,
  right,
  serves,
  two,
} from '../fixtures/limited.ts';
import { rejection, until } from './open.ts';

let pool: MemoPool;
afterEach(() => pool.close());

async function open(options: Parameters<typeof createPool>[0]): Promise<void> {
  pool = await createPool(options);
}

const limited = () => pool.inspect().flights.filter(({ state }) => state === 'limited').length;
const gatesOf = (count: number) => Array.from({ length: count }, () => fresh('gate'));

/** A computation that has the only slot of `one`; how many more calls wait for it is the test's matter. */
async function takesTheSlot(): Promise<{ series: string; gate: string; call: Promise<number> }> {
  const series = fresh('series');
  const gate = fresh('gate');
  const call = one(series, gate);
  await reaches(`${series}:in`, 1);
  return { series, gate, call };
}

test('no more go on than may, for calls of all threads', async () => {
  await open({ threads: 3 });
  const series = fresh('series');
  const gates = gatesOf(8);
  const nested = asksForTwo(series, gates.slice(4));
  const calls = gates.slice(0, 4).map((gate) => two(series, gate));
  await reaches(`${series}:in`, 2);
  await until(() => limited() === 6);
  expect(counted(`${series}:in`)).toBe(2);
  for (const gate of gates) lift(gate);
  const seen = [...(await nested), ...(await Promise.all(calls))];
  expect(Math.max(...seen)).toBeLessThanOrEqual(2);
  expect(two.stats()).toMatchObject({ computations: 8, overLimit: 0 });
});

test.each([0, 2])('on the main thread as well, with %i threads', async (threads) => {
  await open({ threads });
  const series = fresh('series');
  const gates = gatesOf(4);
  const calls = gates.map((gate) => oneOnMain(series, gate));
  await reaches(`${series}:in`, 1);
  expect(limited()).toBe(3);
  for (const gate of gates) lift(gate);
  expect(await Promise.all(calls)).toEqual([1, 1, 1, 1]);
});

test.each([1, 2])(
  'what a computation calls of its own function is part of it, in %i threads',
  async (threads) => {
    await open({ threads });
    const calls = [recurses(5, 'call'), recurses(5, 'fork'), recursesBlocking(5)];
    expect(await Promise.all([...calls, pings(6), serves(6)])).toEqual([5, 5, 5, 6, 6]);
    expect(recurses.stats()).toMatchObject({ computations: 12, overLimit: 0 });
    for (const fn of [recursesBlocking, pings, pongs, serves, returns])
      expect(fn.stats(), fn.id).toMatchObject({ overLimit: 0 });
  },
);

test('of two functions that wait for a slot of each other, one goes on over its limit', async () => {
  await open({ threads: 2 });
  const gate = fresh('gate');
  const calls = [left(gate), right(gate)];
  await Promise.all([reaches(`${gate}:left`, 1), reaches(`${gate}:right`, 1)]);
  lift(gate);
  expect(await Promise.all(calls)).toEqual(['left of right', 'right of left']);
  expect(left.stats().overLimit + right.stats().overLimit).toBe(1);
});

test('of two that block their threads for a slot of each other, one goes on over its limit', async () => {
  await open({ threads: 2 });
  const gate = fresh('gate');
  const calls = [blocksLeft(gate), blocksRight(gate)];
  await Promise.all([reaches(`${gate}:left`, 1), reaches(`${gate}:right`, 1)]);
  lift(gate);
  expect(await Promise.all(calls)).toEqual(['left of right', 'right of left']);
  expect(blocksLeft.stats().overLimit + blocksRight.stats().overLimit).toBe(1);
});

test('a thread that dies gives its slots back', async () => {
  await open({ threads: 1, attempts: 1 });
  const gate = fresh('gate');
  const dying = rejection(diesAlone(gate));
  await reaches(`${gate}:in`, 1);
  const waiting = diesAlone();
  await until(() => limited() === 1);
  lift(gate);
  expect(await dying).toBeInstanceOf(WorkerLostError);
  expect(await waiting).toBe('alive');
});

test('a caller that goes away while it waits leaves the line', async () => {
  await open({ threads: 2 });
  const { series, gate, call } = await takesTheSlot();
  const going = new AbortController();
  const gone = rejection(one.with({ signal: going.signal })(series, fresh('never')));
  const last = fresh('gate');
  const staying = one(series, last);
  await until(() => limited() === 2);
  going.abort(new Error('lost patience'));
  expect((await gone).message).toBe('lost patience');
  expect(limited()).toBe(1);
  for (const each of [gate, last]) lift(each);
  expect(await Promise.all([call, staying])).toEqual([1, 1]);
});

test('what waits for a slot counts toward maxQueue', async () => {
  await open({ threads: 3, maxQueue: 1 });
  const { series, gate, call } = await takesTheSlot();
  const last = fresh('gate');
  const waiting = one(series, last);
  await until(() => limited() === 1);
  expect(await rejection(one(series, fresh('refused')))).toBeInstanceOf(QueueFullError);
  expect(pool.stats().queued).toBe(1);
  for (const each of [gate, last]) lift(each);
  expect(await Promise.all([call, waiting])).toEqual([1, 1]);
});

test('an invalidation changes nothing for what has not begun', async () => {
  await open({ threads: 2 });
  const { series, gate, call } = await takesTheSlot();
  const last = fresh('gate');
  const waiting = one(series, last);
  await until(() => limited() === 1);
  await one.clear();
  expect(limited()).toBe(1);
  for (const each of [gate, last]) lift(each);
  await Promise.all([call, waiting]);
  expect([one.has(series, gate), one.has(series, last)]).toEqual([false, true]);
});

test('of those that wait the most urgent goes first', async () => {
  await open({ threads: 2 });
  const { gate, call } = await takesTheSlot();
  const order = fresh('order');
  const gates = { low: fresh('gate'), normal: fresh('gate'), high: fresh('gate') };
  const begun: string[] = [];
  const calls = (['low', 'normal', 'high'] as const).map((priority) => {
    lift(gates[priority]);
    return one
      .with({ priority })(order, gates[priority])
      .then(() => begun.push(priority));
  });
  await until(() => limited() === 3);
  lift(gate);
  await Promise.all([call, ...calls]);
  expect(begun).toEqual(['high', 'normal', 'low']);
});
