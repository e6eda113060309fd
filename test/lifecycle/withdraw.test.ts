/** An orderly end: what was not begun is rejected, what runs is answered. */

import { PoolClosedError } from 'threadmemo';
import { expect, test } from 'vitest';
import { crowd, gated, incrementsLater } from '../../workers/gated.ts';
import { fresh, lift, reaches } from '../../workers/shared.ts';
import { open, until } from '../threads/open.ts';

test('what runs is answered and kept, what waits for a thread is rejected', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('runs');
  const runs = gated(gate);
  await reaches(`${gate}:started`, 1);
  const waits = Array.from({ length: 200 }, () => gated(fresh('waits')));
  const outcomes = waits.map((call) => call.then(() => 'answered', itself));
  await until(() => pool.stats().queued > 0);
  const { queued } = pool.stats();
  pool.withdraw();
  expect(pool.stats().queued).toBe(0);
  lift(gate);
  expect(await runs).toMatchObject({ nth: 1 });
  expect(gated.has(gate)).toBe(true);
  const withdrawn = outcomes.slice(-queued);
  for (const outcome of withdrawn) expect(await outcome).toBeInstanceOf(PoolClosedError);
});

test('what runs still gets what it asks for itself', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('asks');
  const runs = incrementsLater(gate, 1, fresh('cell'));
  await reaches(`${gate}:started`, 1);
  pool.withdraw();
  lift(gate);
  expect(await runs).toBe(2);
});

test('a computation that a worker waits for, too, goes on', async () => {
  const pool = await open({ threads: 2 });
  const gate = fresh('shared');
  const workers = crowd(gate, 1, fresh('caller'));
  await reaches(`${gate}:started`, 1);
  const main = gated(gate);
  pool.withdraw();
  lift(gate);
  expect((await workers).answers).toHaveLength(1);
  expect(await main).toMatchObject({ nth: 1 });
});

function itself(error: unknown): unknown {
  return error;
}
