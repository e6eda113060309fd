/** An orderly end loses what was asked for, or takes new work for ever. */

import { PoolClosedError } from 'threadmemo';
import { expect, test } from 'vitest';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated, incrementsLater } from '../fixtures/gated.ts';
import { hangs } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';

test('what is wanted ends: computed, nested, queued; what is new is refused; hits are answered', async () => {
  const pool = await open({ threads: 1 });
  await increment(1);
  const [gate, cell, queued] = [fresh('drained'), fresh('cell'), fresh('queued')];
  const nested = incrementsLater(gate, 5, cell);
  await reaches(`${gate}:started`, 1);
  const waits = gated(queued);
  const closed = pool.close({ drain: '1h' });
  const refused = await rejection(increment(2));
  expect(refused).toBeInstanceOf(PoolClosedError);
  expect(refused.message).toMatch(/is being closed/);
  // Nor does it join what is under way.
  expect(await rejection(gated(queued))).toBeInstanceOf(PoolClosedError);
  expect(await increment(1)).toBe(2);
  expect(pool.health()).toMatchObject({ ready: false, state: 'draining' });
  lift(gate);
  lift(queued);
  // The first calls a function that was not computed before.
  expect(await nested).toBe(6);
  await waits;
  await closed;
  expect(pool.health()).toMatchObject({ ready: false, state: 'closed', threads: { up: 0 } });
  expect(await rejection(increment(1))).toBeInstanceOf(PoolClosedError);
});

test('nothing is wanted: it closes at once', async () => {
  const pool = await open({ threads: 1 });
  await increment(1);
  await pool.close({ drain: '1h' });
  expect(pool.stats().threads).toBe(0);
});

test('an abandoned computation is not waited for', async () => {
  const pool = await open({ threads: 1 });
  const name = fresh('abandoned');
  const going = new AbortController();
  const call = rejection(hangs.with({ signal: going.signal })(name, 'idle'));
  await reaches(`${name}:started`, 1);
  const closed = pool.close({ drain: '1h' });
  going.abort(new Error('enough'));
  expect((await call).message).toBe('enough');
  await closed;
});

test('what does not end within the time is rejected', async () => {
  const pool = await open({ threads: 1 });
  const name = fresh('endless');
  const call = rejection(hangs(name, 'idle'));
  await reaches(`${name}:started`, 1);
  await pool.close({ drain: 1 });
  expect(await call).toBeInstanceOf(PoolClosedError);
});

test('close() without drain ends one that drains; both settle when all is over', async () => {
  const pool = await open({ threads: 1 });
  const name = fresh('endless');
  const call = rejection(hangs(name, 'idle'));
  await reaches(`${name}:started`, 1);
  const drained = pool.close({ drain: '1h' });
  await pool.close();
  await drained;
  expect(await call).toBeInstanceOf(PoolClosedError);
});

test('a computation on the main thread ends, with the calls that it makes', async () => {
  const pool = await open({ threads: 0 });
  const [gate, cell] = [fresh('main'), fresh('cell')];
  const nested = incrementsLater(gate, 7, cell);
  await reaches(`${gate}:started`, 1);
  const closed = pool.close({ drain: '1h' });
  lift(gate);
  expect(await nested).toBe(8);
  await closed;
});

test('a wrong option is refused, and the pool stays open', async () => {
  const pool = await open({ threads: 1 });
  // @ts-expect-error: no duration
  await expect(pool.close({ drain: 'soon' })).rejects.toThrow(/drain.*'soon'.*milliseconds/);
  // @ts-expect-error: no option
  await expect(pool.close({ drian: '1s' })).rejects.toThrow(/drian/);
  expect(await increment(1)).toBe(2);
});
