/** Shutdown with calls in flight: some never settle, or what they wanted is still computed. */

import {
  createPool,
  expireTags,
  invalidateTags,
  mapTier,
  memoize,
  PoolClosedError,
} from 'threadmemo';
import { expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';
import { arrive, count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { crowd, gated } from '../fixtures/gated.ts';
import { hangs } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';

test.runIf(inFull)(
  'every call that waits is rejected: computed, joined, nested, queued',
  async () => {
    const pool = await open({ threads: 2 });
    const [gate, name] = [fresh('closed'), fresh('hung')];
    const calls: Promise<unknown>[] = [crowd(gate, 10, 'nested')];
    await reaches(`${gate}:asked`, 1);
    calls.push(gated(gate), gated(gate), hangs(name, 'busy'));
    await reaches(`${name}:started`, 1);
    calls.push(gated(fresh('queued')), gated.with({ timeout: '1h' })(fresh('queued')));
    const errors = Promise.all(calls.map(rejection));
    await pool.close();
    for (const error of await errors) {
      expect(error).toBeInstanceOf(PoolClosedError);
      expect(error).toMatchObject({ code: 'ERR_THREADMEMO_POOL_CLOSED' });
    }
  },
);

test('what was under way is not computed again in new threads', async () => {
  let threads = 0;
  const watch = () => threads++;
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  const pool = await open({ threads: 2 });
  const names = [fresh('hung'), fresh('hung')];
  const calls = names.map((name) => rejection(hangs(name, 'idle')));
  await Promise.all(names.map((name) => reaches(`${name}:started`, 1)));
  await pool.close();
  await Promise.all(calls);

  // A new pool has answered: time enough for whatever the old one might still have done.
  await open({ threads: 1 });
  await increment(1);
  expect(threads).toBe(3);
  expect(names.map((name) => counted(`${name}:started`))).toEqual([1, 1]);
  expect(pool.stats()).toMatchObject({ computations: 2, threads: 0, queued: 0 });
});

test('later calls are rejected, and what was cached is not served', async () => {
  const pool = await open({ threads: 1 });
  await increment(1);
  await pool.close();
  expect(await rejection(increment(1))).toBeInstanceOf(PoolClosedError);
  expect(await rejection(increment(2))).toBeInstanceOf(PoolClosedError);
  expect(increment.has(1)).toBe(false);
  expect(increment.peek(1)).toBe(undefined);
});

test.each([0, 1])(
  'a value is not given to a pool that was closed, with %i threads',
  async (threads) => {
    const pool = await open({ threads });
    await pool.close();
    expect(await rejection(increment.set([1], 9))).toBeInstanceOf(PoolClosedError);
    await Promise.all([increment.invalidate(1), increment.expire(1), increment.clear()]);
    await Promise.all([invalidateTags('a'), expireTags('a'), pool.clear()]);
  },
);

test('explain says what a call would find after it', async () => {
  const pool = await open({ threads: 0, explain: true, tiers: [mapTier()] });
  await increment(1);
  expect(await increment.explain(1)).toMatchObject({ state: 'fresh' });
  await pool.close();
  const { state, where, lastMiss, tiers } = await increment.explain(1);
  expect({ state, where, lastMiss, tiers }).toEqual({
    state: 'missing',
    where: undefined,
    lastMiss: undefined,
    tiers: {},
  });
});

test('a computation that goes on finds nothing either', async () => {
  const pool = await open({ threads: 0 });
  const gate = fresh('goes on');
  await increment(1);
  const found: unknown[] = [];
  const looks = memoize(
    import.meta.url,
    async (gate: string) => {
      found.push(increment.sync(1));
      count(`${gate}:started`);
      await arrive(gate);
      found.push(increment.has(1), await rejection(increment(1)));
      try {
        found.push(increment.sync(1));
      } finally {
        count(`${gate}:looked`);
      }
    },
    { name: fresh('looks') },
  );
  const call = rejection(looks(gate));
  await reaches(`${gate}:started`, 1);
  await pool.close();
  await call;
  lift(gate);
  await reaches(`${gate}:looked`, 1);
  expect(found).toEqual([2, false, expect.any(Error)]);
});

test('a pool that is opened after it starts from nothing', async () => {
  const cell = fresh('computations');
  const first = await open({ threads: 1 });
  await increment(1, cell);
  await first.close();
  const second = await open({ threads: 1 });
  expect(increment.has(1, cell)).toBe(false);
  expect(await increment(1, cell)).toBe(2);
  expect(counted(cell)).toBe(2);
  expect(second.stats()).toMatchObject({ computations: 1, hits: 0 });
});

test('closing twice closes once, and the second call waits like the first', async () => {
  const pool = await open({ threads: 1 });
  const second = await open({ threads: 1 }).catch(() => pool);
  expect(second).toBe(pool);
  await Promise.all([pool.close(), pool.close()]);
  expect(pool.stats().threads).toBe(0);
  await pool.close();
});

test('`await using` closes', async () => {
  {
    await using pool = await createPool({ threads: 1 });
    expect(pool.stats().threads).toBe(1);
  }
  expect(await rejection(increment(1))).toBeInstanceOf(PoolClosedError);
});
