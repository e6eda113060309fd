/** A failing leader: waiters hang, get another call's error, or all of them run the function again. */

import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { catches, fails } from '../fixtures/failing.ts';
import { gated } from '../fixtures/gated.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 3 });

const teapot = {
  name: 'TeapotError',
  message: 'no coffee, 1',
  code: 'ETEAPOT',
  status: 418,
  stack: expect.stringContaining('failing.js'),
  cause: expect.objectContaining({ name: 'RangeError', message: 'short and stout' }),
};

test('its error reaches all who wait, on every thread, as it was thrown', async () => {
  const gate = fresh('failing');
  const onMain = [fails(gate, 'error'), fails(gate, 'error')].map(rejection);
  await reaches(`${gate}:started`, 1);
  const inThreads = [catches(gate, 'one'), catches(gate, 'other')];
  await reaches(`${gate}:asked`, 2);
  lift(gate);

  for (const error of await Promise.all(onMain)) {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject(teapot);
    expect(error.cause).toBeInstanceOf(RangeError);
  }
  for (const { error, isError } of await Promise.all(inThreads)) {
    expect(isError).toBe(true);
    expect(error).toMatchObject(teapot);
  }
  expect(counted(`${gate}:started`)).toBe(1);
});

test('it fails in a thread that computes for itself, and the same error reaches all', async () => {
  const gate = fresh('failing');
  const inThread = catches(gate, 'leader');
  await reaches(`${gate}:asked`, 1);
  const onMain = rejection(fails(gate, 'error'));
  lift(gate);

  expect(await onMain).toMatchObject(teapot);
  expect(await inThread).toMatchObject({ isError: true, isSame: false, error: teapot });
  expect(counted(`${gate}:started`)).toBe(1);
});

test('each waiter has an error of its own', async () => {
  const gate = fresh('failing');
  lift(gate);
  const calls = [fails(gate, 'error'), fails(gate, 'error')].map(rejection);
  const [one, other] = (await Promise.all(calls)) as [Error, Error];
  expect(one).not.toBe(other);
  one.message = 'changed by its catcher';
  expect(other.message).toBe('no coffee, 1');
  expect((await catches(gate, 'only')).isSame).toBe(false);
});

test('an error is not cached', async () => {
  const gate = fresh('failing');
  lift(gate);
  expect(await rejection(fails(gate, 'error'))).toMatchObject({ message: 'no coffee, 1' });
  expect(await rejection(fails(gate, 'error'))).toMatchObject({ message: 'no coffee, 2' });
  expect(fails.has(gate, 'error')).toBe(false);
  expect((await catches(gate, 'only')).error).toMatchObject({ message: 'no coffee, 3' });
});

describe('what is thrown need not be an error', () => {
  test.each([
    ['text', 'just text'],
    ['nothing', undefined],
  ] as const)('%s', async (what, thrown) => {
    const gate = fresh('failing');
    lift(gate);
    expect(await rejection(fails(gate, what))).toBe(thrown);
  });
});

test('a failure hurts no call that waits for another key', async () => {
  const [gate, other] = [fresh('failing'), fresh('well')];
  const well = gated(other);
  lift(gate);
  await rejection(fails(gate, 'error'));
  lift(other);
  expect(await well).toMatchObject({ nth: 1 });
});
