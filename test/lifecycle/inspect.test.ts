/** A call hangs, and nothing shows which, where and since when. */

import { expect, test } from 'vitest';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { losesItsOutcome } from '../fixtures/lost-outcome.ts';
import { open, rejection, until } from '../threads/open.ts';

test('a message that was lost: the call that hangs is there, with its thread', async () => {
  const pool = await open({ threads: 1 });
  const name = fresh('lost');
  const calls = [losesItsOutcome(name), losesItsOutcome(name)].map(rejection);
  await reaches(name, 1);
  await until(() => pool.inspect().threads[0]?.state !== 'busy');
  const { flights, threads } = pool.inspect();
  const threadId = threads[0]?.threadId ?? -1;
  expect(threadId).toBeGreaterThan(0);
  const [flight] = flights;
  expect(flights).toEqual([
    {
      functionId: losesItsOutcome.id,
      key: losesItsOutcome.key(name),
      state: 'leased',
      ageMs: flight?.ageMs,
      threadId,
      waiters: 2,
      hasTierLease: false,
    },
  ]);
  expect(flight?.ageMs).toBeGreaterThan(0);
  expect(threads).toEqual([{ threadId, state: 'awaiting', computations: 1, calls: [] }]);
  await pool.close();
  for (const call of calls)
    expect(await call).toMatchObject({ code: 'ERR_THREADMEMO_POOL_CLOSED' });
});

test('what waits for a thread is there, and gone when it is over', async () => {
  const pool = await open({ threads: 1 });
  const [first, second] = [fresh('first'), fresh('second')];
  const calls = [gated(first), gated(second)];
  await reaches(`${first}:started`, 1);
  const stateOf = (gate: string) =>
    pool.inspect().flights.find(({ key }) => key === gated.key(gate))?.state;
  expect(stateOf(first)).toBe('leased');
  lift(first);
  lift(second);
  await Promise.all(calls);
  expect([stateOf(first), stateOf(second)]).toEqual([undefined, undefined]);
  await until(() => pool.inspect().threads.every(({ state }) => state === 'idle'));
});
