/** A caller goes away: the computation of the others is lost, or an unwanted one goes on. */

import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { crowd, gated, impatient } from '../fixtures/gated.ts';
import { obedient } from '../fixtures/hanging.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 3 });

test('one of three goes: the others are answered by the same computation', async () => {
  const gate = fresh('leaving');
  const going = new AbortController();
  const stays = gated(gate);
  const goes = rejection(gated.with({ signal: going.signal })(gate));
  const inThread = crowd(gate, 1, 'stays');
  await reaches(`${gate}:asked`, 1);
  going.abort('enough');
  expect(await goes).toBe('enough');
  lift(gate);

  expect(await stays).toMatchObject({ nth: 1 });
  expect((await inThread).answers).toEqual([await stays]);
  expect(counted(`${gate}:started`)).toBe(1);
});

test('the only one goes when another has just joined: that one is answered', async () => {
  const gate = fresh('leaving');
  const going = new AbortController();
  const goes = rejection(gated.with({ signal: going.signal })(gate));
  await reaches(`${gate}:started`, 1);
  const stays = gated(gate);
  going.abort('enough');
  lift(gate);

  expect(await goes).toBe('enough');
  expect(await stays).toMatchObject({ nth: 1 });
  expect(counted(`${gate}:started`)).toBe(1);
});

test('the only one goes when a thread has just joined: that one is answered', async () => {
  const gate = fresh('leaving');
  const going = new AbortController();
  const goes = rejection(gated.with({ signal: going.signal })(gate));
  await reaches(`${gate}:started`, 1);
  const inThread = crowd(gate, 2, 'stays');
  await reaches(`${gate}:asked`, 1);
  going.abort('enough');
  lift(gate);

  expect(await goes).toBe('enough');
  expect((await inThread).answers).toMatchObject([{ nth: 1 }, { nth: 1 }]);
});

test('who asks after the last one has gone gets a computation of his own', async () => {
  const gate = fresh('leaving');
  const going = new AbortController();
  const goes = rejection(gated.with({ signal: going.signal })(gate));
  await reaches(`${gate}:started`, 1);
  going.abort('enough');
  const comes = gated(gate);
  await reaches(`${gate}:started`, 2);
  lift(gate);

  expect(await goes).toBe('enough');
  expect(await comes).toMatchObject({ nth: 2 });
  expect(await gated(gate)).toMatchObject({ nth: 2 });
});

test('one that waits for a thread goes: nothing is computed for it', async () => {
  const gates = [1, 2, 3].map((each) => fresh(`busy-${each}`));
  const busy = gates.map((gate) => gated(gate));
  await Promise.all(gates.map((gate) => reaches(`${gate}:started`, 1)));
  const gate = fresh('leaving');
  lift(gate);
  const going = new AbortController();
  const goes = rejection(gated.with({ signal: going.signal })(gate));
  going.abort('enough');
  for (const each of gates) lift(each);
  await Promise.all(busy);

  expect(await goes).toBe('enough');
  expect(counted(`${gate}:started`)).toBe(0);
});

describe('a caller in a thread', () => {
  test.each([
    ['by signal', 'Error: lost patience'],
    ['by timeout', expect.stringMatching(/^TimeoutError: .*#gated was not answered within 1 ms$/)],
  ] as const)('goes %s; its other call stays', async (goes, message) => {
    const gate = fresh('leaving');
    const onMain = gated(gate);
    await reaches(`${gate}:started`, 1);
    const inThread = impatient(gate, goes);
    lift(`${gate}:leave`);
    await reaches(`${gate}:gone`, 1);
    lift(gate);

    expect(await inThread).toEqual({ gone: message, stayed: await onMain });
    expect(counted(`${gate}:started`)).toBe(1);
  });

  test('goes altogether, and computes what others wait for: they are answered', async () => {
    const gate = fresh('leaving');
    const inThread = impatient(gate, 'altogether');
    await reaches(`${gate}:asked`, 1);
    const onMain = gated(gate);
    lift(`${gate}:leave`);
    await reaches(`${gate}:gone`, 1);
    lift(gate);

    expect(await onMain).toMatchObject({ nth: 1 });
    expect(await inThread).toEqual({ gone: 'Error: lost patience', stayed: undefined });
  });
});

test('a busy computation learns that its last caller has gone', async () => {
  const name = fresh('obedient');
  const going = new AbortController();
  const goes = rejection(obedient.with({ signal: going.signal })(name));
  await reaches(`${name}:started`, 1);
  going.abort('enough');
  await reaches(`${name}:stopped`, 1);
  expect(await goes).toBe('enough');
});
