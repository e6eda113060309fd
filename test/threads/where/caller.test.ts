/** Functions that are computed by the thread that asks. */

import { threadId } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { fresh, lift, reaches } from '../../fixtures/counters-and-gates.ts';
import {
  asks,
  asksInContext,
  byCaller,
  context,
  contextOfCaller,
  leadsAndDies,
  leadsAndLeaves,
  unstoppableByCaller,
} from '../../fixtures/where.ts';
import { open, rejection, until } from '../open.ts';

test('a call on main is computed on main, one in a worker in that worker', async () => {
  await open({ threads: 1 });
  const gates = [fresh('main'), fresh('call'), fresh('fork'), fresh('sync')] as const;
  for (const gate of gates) lift(gate);
  expect(await byCaller(gates[0])).toEqual({ nth: 1, thread: threadId });
  const called = await asks('caller', gates[1], 'call', 'a');
  expect(called.got.thread).toBe(called.from);
  const forked = await asks('caller', gates[2], 'fork', 'a');
  expect(forked.got.thread).toBe(forked.from);
  expect(called.from).not.toBe(threadId);
});

test('a leader that leaves keeps nothing from the others', async () => {
  await open({ threads: 2 });
  const gate = fresh('leaves');
  const led = leadsAndLeaves(gate, 'byCaller');
  await reaches(`${gate}:started`, 1);
  const here = byCaller(gate);
  await until(() => byCaller.stats().waits === 1);
  lift(`${gate}:leave`);
  expect(await led).toBe('left');
  lift(gate);
  expect((await here).nth).toBe(1);
  expect((await here).thread).not.toBe(threadId);
});

test('the leader on main goes away: a worker that waits is answered', async () => {
  await open({ threads: 1 });
  const gate = fresh('goes');
  const going = new AbortController();
  const goes = rejection(byCaller.with({ signal: going.signal })(gate));
  await reaches(`${gate}:started`, 1);
  const asked = asks('caller', gate, 'call', 'a');
  await until(() => byCaller.stats().waits === 1);
  going.abort('enough');
  expect(await goes).toBe('enough');
  lift(gate);
  expect((await asked).got).toEqual({ nth: 1, thread: threadId });
});

test.each(['main', 'a worker'])(
  'the only caller goes away in %s: its computation is told, and the next caller has its own',
  async (where) => {
    await open({ threads: 1 });
    const gate = fresh('alone');
    const going = new AbortController();
    const { signal } = going;
    const goes =
      where === 'main'
        ? unstoppableByCaller
            .with({ signal })(gate)
            .catch(() => 'left')
        : leadsAndLeaves(gate, 'unstoppable');
    await reaches(`${gate}:started`, 1);
    going.abort();
    lift(`${gate}:leave`);
    expect(await goes).toBe('left');
    await reaches(`${gate}:aborted`, 1);
    const next = unstoppableByCaller(gate);
    await reaches(`${gate}:started`, 2);
    lift(gate);
    expect(await next).toBe(2);
    await reaches(`${gate}:over`, 2);
    expect(unstoppableByCaller.peek(gate)).toBe(2);
  },
);

test('the thread of the leader dies: another caller takes over', async () => {
  await open({ threads: 2 });
  const gate = fresh('dies');
  const dies = leadsAndDies(gate);
  await reaches(`${gate}:started`, 1);
  const here = byCaller(gate);
  await until(() => byCaller.stats().waits === 1);
  lift(`${gate}:die`);
  await reaches(`${gate}:started`, 2);
  lift(gate);
  expect(await here).toEqual({ nth: 2, thread: threadId });
  expect(await dies).toBe('lives');
});

test('it is computed in the context of its caller', async () => {
  await open({ threads: 1 });
  const [here, there] = [fresh('here'), fresh('there')];
  expect(await context.run(here, () => contextOfCaller(here))).toBe(here);
  expect(await asksInContext(there)).toBe(there);
});
