/** A test says that time has passed, and some thread goes by the real time; or a timer never comes. */

import { mapTier, type PoolOptions } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';
import { expect, test, vi } from 'vitest';
import { aging, atMostAMinute, losesPatience, seesAging } from '../fixtures/aging.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { open, rejection } from '../threads/open.ts';

const withClock = async (options: PoolOptions) => {
  const clock = fakeClock();
  return { clock, pool: await open({ ...options, clock }) };
};

test.each([0, 1])('with %i threads, a value ends with its ttl, and not before', async (threads) => {
  const { clock, pool } = await withClock({ threads });
  const cell = fresh('aging');
  expect(await aging(cell)).toBe(1);
  clock.advance('9m');
  expect(await aging(cell)).toBe(1);
  clock.advance(59_999);
  expect([await aging(cell), aging.has(cell)]).toEqual([1, true]);
  clock.advance(1);
  expect(aging.has(cell)).toBe(false);
  expect(await aging(cell)).toBe(2);
  expect(pool.stats().functions[aging.id]).toMatchObject({ hits: 2, misses: 2 });
});

test('what worker threads read by themselves ends at the same moment', async () => {
  const { clock, pool } = await withClock({ threads: 1 });
  const cell = fresh('aging');
  expect(await aging(cell)).toBe(1);
  expect(await seesAging(cell)).toEqual([1, 1]);
  clock.advance('9m');
  expect(await seesAging(cell)).toEqual([1, 1]);
  // The only way not to ask the coordinator.
  const { near, shared } = pool.stats().functions[aging.id]?.hitsIn ?? { near: 0, shared: 0 };
  expect(near + shared).toBe(4);
  clock.advance('1m');
  expect(await seesAging(cell)).toEqual([2, 2]);
});

test('what a tier has ends, too', async () => {
  const tier = mapTier();
  const { clock, pool } = await withClock({ threads: 0, tiers: [tier] });
  const cell = fresh('aging');
  expect(await aging(cell)).toBe(1);
  await pool.close();
  const another = fakeClock({ now: clock.now() + 5 * 60_000 });
  await open({ threads: 0, tiers: [tier], clock: another });
  expect(await aging(cell)).toBe(1);
  another.advance('5m');
  expect(await aging(cell)).toBe(2);
});

test('the time limit of a call is over when the clock says so', async () => {
  const { clock } = await withClock({ threads: 1 });
  const gate = fresh('gate');
  const call = rejection(gated.with({ timeout: '1m' })(gate));
  const other = gated.with({ timeout: '2m' })(gate);
  await reaches(`${gate}:started`, 1);
  clock.advance('1m');
  expect(await call).toMatchObject({ name: 'TimeoutError' });
  lift(gate);
  expect((await other).nth).toBe(1);
});

test('so is that of a call in a worker thread', async () => {
  const { clock } = await withClock({ threads: 1 });
  const gate = fresh('gate');
  const asked = losesPatience(gate);
  await reaches(`${gate}:asked`, 1);
  clock.advance('1m');
  expect(await asked).toBe('TimeoutError');
});

test('it begins at the present time, or where it is told to', () => {
  const before = Date.now();
  expect(fakeClock().now()).toBeGreaterThanOrEqual(before);
  expect(fakeClock({ now: new Date(5000) }).now()).toBe(5000);
  const clock = fakeClock({ now: 0 });
  clock.advance('1h');
  clock.advance(0.5);
  expect(clock.now()).toBe(3_600_000.5);
});

test('what is no time, or no clock, is refused', async () => {
  const clock = fakeClock();
  // @ts-expect-error: no duration
  expect(() => clock.advance('soon')).toThrow(/advance.*'soon'/);
  expect(() => clock.advance(Number.POSITIVE_INFINITY)).toThrow(/advance.*finite/);
  expect(() => fakeClock({ now: Number.NaN })).toThrow(/now.*NaN/);
  // @ts-expect-error: no option
  expect(() => fakeClock({ start: 5 })).toThrow(/start/);
  // @ts-expect-error: no clock
  await expect(open({ clock: { now: () => 5 } })).rejects.toThrow(/clock.*fakeClock\(\)/);
});

test('so is the hardTimeout of a computation', async () => {
  const { clock } = await withClock({ threads: 1 });
  const gate = fresh('gate');
  let reason: unknown;
  void rejection(atMostAMinute(gate)).then((error) => {
    reason = error;
  });
  await reaches(`${gate}:started`, 1);
  // That the function has begun is heard a little later.
  await vi.waitUntil(() => {
    clock.advance('1m');
    return reason;
  });
  expect(reason).toMatchObject({ name: 'TimeoutError' });
  lift(gate);
});
