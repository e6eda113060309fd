/** A row of the table of freshness is another on some thread, or for some kind of hit. */

import type { MemoPool, PoolOptions } from 'threadmemo';
import { type FakeClock, fakeClock } from 'threadmemo/testing';
import { describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { aging } from '../fixtures/aging.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  both,
  callers,
  choosy,
  enduring,
  enduringTagged,
  forever,
  lasting,
  look,
  looks,
  looksSync,
  mains,
  type Name,
  objects,
  revalidating,
  type Seen,
  single,
  soft,
  syncs,
} from '../fixtures/growing-old.ts';
import { open, rejection, until } from '../threads/open.ts';

let nth = 0;

/** How a call comes: from this thread or from a worker thread. */
const callersOf: Record<string, (name: Name, cell: string) => Promise<Seen>> = {
  'the main thread': look,
  'a worker thread': (name, cell) => looks(name, cell, ++nth),
};

const places = [
  { threads: 2, from: 'a worker thread' },
  { threads: 0, from: 'the main thread' },
  { threads: 2, from: 'the main thread' },
];

async function withClock(
  options: PoolOptions,
): Promise<{ clock: FakeClock; pool: MemoPool; statsOf: (fn: { id: string }) => object }> {
  const clock = fakeClock();
  const pool = await open({ ...options, clock });
  const statsOf = ({ id }: { id: string }) => pool.stats().functions[id] as object;
  return { clock, pool, statsOf };
}

/** Until no flight is left: a refresh has come to its end, and its value is there. */
const quiet = (pool: MemoPool) => until(() => pool.inspect().flights.length === 0);

describe.each(variants(places, 1))('with $threads threads, from $from', ({ threads, from }) => {
  const from_ = callersOf[from] as (name: Name, cell: string) => Promise<Seen>;
  const see = (name: Name, cell: string) => from_(name, cell);

  test('below its ttl a value is a hit', async () => {
    const { clock, statsOf } = await withClock({ threads });
    const cell = fresh('fresh');
    await see('revalidating', cell);
    clock.advance(59_999);
    expect(await see('revalidating', cell)).toEqual({ has: true, value: 1 });
    expect(statsOf(revalidating)).toMatchObject({ staleHits: 0, refreshes: 0, computations: 1 });
  });

  test.each(variants(['revalidating', 'both', 'callers', 'mains'] as const, 2))(
    '%s: then the stale value at once, and one refresh for all of its hits',
    async (name) => {
      const { clock, pool, statsOf } = await withClock({ threads });
      const cell = fresh('stale');
      await see(name, cell);
      clock.advance('1m');
      count(`${cell}:slow`);
      const stale = { has: true, value: 1 };
      for (let hits = 0; hits < 5; hits++) expect(await see(name, cell)).toEqual(stale);
      await reaches(cell, 2);
      expect(await see(name, cell)).toEqual(stale);
      lift(`${cell}:2`);
      await quiet(pool);
      expect(await see(name, cell)).toEqual({ has: true, value: 2 });
      const fn = { revalidating, callers, mains, both }[name];
      expect(statsOf(fn)).toMatchObject({
        ...{ hits: 7, staleHits: 6, misses: 1, waits: 0 },
        ...{ computations: 2, refreshes: 1, failedRefreshes: 0 },
      });
    },
  );

  test('beyond the window it is a miss, and a refresh without a waiter has ended', async () => {
    const { clock, statsOf } = await withClock({ threads });
    const cell = fresh('past');
    await see('revalidating', cell);
    clock.advance(119_999);
    count(`${cell}:slow`);
    expect(await see('revalidating', cell)).toEqual({ has: true, value: 1 });
    await reaches(cell, 2);
    clock.advance(1);
    // It may go on in its thread, and nothing is waited for.
    await until(() => revalidating.stats().failedRefreshes === 1);
    lift(`${cell}:3`);
    expect(await see('revalidating', cell)).toEqual({ has: false, value: 3 });
    expect(statsOf(revalidating)).toMatchObject({ misses: 2, refreshes: 1, failedRefreshes: 1 });
  });

  test('within staleIfError a call waits for the new value', async () => {
    const { clock, statsOf } = await withClock({ threads });
    const cell = fresh('waits');
    await see('enduring', cell);
    clock.advance('2m');
    expect(await see('enduring', cell)).toEqual({ has: false, value: 2 });
    expect(statsOf(enduring)).toMatchObject({ staleOnError: 0, misses: 2, refreshes: 0 });
  });

  test('and gets the stale one if that fails, at once while another is not tried', async () => {
    const { clock, statsOf } = await withClock({ threads });
    const cell = fresh('down');
    await see('enduring', cell);
    clock.advance('2m');
    count(`${cell}:down`);
    for (let calls = 0; calls < 3; calls++) {
      expect(await see('enduring', cell)).toEqual({ has: false, value: 1 });
      expect(counted(cell)).toBe(2);
    }
    clock.advance('10s');
    expect(await see('enduring', cell)).toEqual({ has: false, value: 1 });
    expect(counted(cell)).toBe(3);
    count(`${cell}:down`);
    clock.advance('10s');
    expect(await see('enduring', cell)).toEqual({ has: false, value: 4 });
    expect(statsOf(enduring)).toMatchObject({
      ...{ misses: 6, hits: 0, waits: 0, staleOnError: 4 },
      ...{ failedRefreshes: 2, errors: 2, computations: 4 },
    });
  });

  test('beyond staleIfError the error is the answer', async () => {
    const { clock } = await withClock({ threads });
    const cell = fresh('over');
    await see('enduring', cell);
    clock.advance('11m');
    count(`${cell}:down`);
    expect(await see('enduring', cell)).toEqual({ has: false, value: 'down at 2' });
    expect(await see('enduring', cell)).toEqual({ has: false, value: 'down at 3' });
  });

  test('a failed refresh in the background is tried again after errorBackoff only', async () => {
    const { clock, pool, statsOf } = await withClock({ threads });
    const cell = fresh('backoff');
    await see('both', cell);
    clock.advance('1m');
    count(`${cell}:down`);
    const stale = { has: true, value: 1 };
    for (let hits = 0; hits < 3; hits++) {
      expect(await see('both', cell)).toEqual(stale);
      await reaches(cell, 2);
      await quiet(pool);
    }
    expect(counted(cell)).toBe(2);
    count(`${cell}:down`);
    clock.advance('10s');
    expect(await see('both', cell)).toEqual(stale);
    await reaches(cell, 3);
    await quiet(pool);
    expect(await see('both', cell)).toEqual({ has: true, value: 3 });
    expect(statsOf(both)).toMatchObject({ misses: 1, staleHits: 4, failedRefreshes: 1 });
  });

  test.runIf(inFull)(
    'softTimeout answers with the stale value, and the refresh goes on',
    async () => {
      const { clock, pool, statsOf } = await withClock({ threads });
      const cell = fresh('soft');
      await see('soft', cell);
      clock.advance('2m');
      count(`${cell}:slow`);
      const call = see('soft', cell);
      await reaches(cell, 2);
      clock.advance('5s');
      expect(await call).toEqual({ has: false, value: 1 });
      lift(`${cell}:2`);
      await quiet(pool);
      expect(await see('soft', cell)).toEqual({ has: true, value: 2 });
      expect(statsOf(soft)).toMatchObject({ misses: 2, softTimeouts: 1, computations: 2, hits: 1 });
    },
  );

  test('an invalidation ends a refresh, whose value is not kept', async () => {
    const { clock, pool, statsOf } = await withClock({ threads });
    const cell = fresh('fenced');
    await see('revalidating', cell);
    clock.advance('1m');
    count(`${cell}:slow`);
    await see('revalidating', cell);
    await reaches(cell, 2);
    await revalidating.invalidate(cell);
    lift(`${cell}:2`);
    await quiet(pool);
    expect(revalidating.has(cell)).toBe(false);
    lift(`${cell}:3`);
    expect(await see('revalidating', cell)).toEqual({ has: false, value: 3 });
    expect(statsOf(revalidating)).toMatchObject({ misses: 2, failedRefreshes: 0, cancelled: 1 });
  });

  test('expire makes a value stale at once', async () => {
    const { pool, statsOf } = await withClock({ threads });
    const cell = fresh('expired');
    await see('forever', cell);
    await forever.expire(cell);
    expect(await see('forever', cell)).toEqual({ has: true, value: 1 });
    await reaches(cell, 2);
    await quiet(pool);
    expect(await see('forever', cell)).toEqual({ has: true, value: 2 });
    expect(statsOf(forever)).toMatchObject({ staleHits: 1, refreshes: 1, misses: 1 });
  });
});

test('no stale value is answered whose tag was invalidated, when its refresh fails', async () => {
  const { clock, pool } = await withClock({ threads: 1 });
  const cell = fresh('tagged');
  expect(await enduringTagged(cell)).toBe(1);
  clock.advance('2m');
  for (const what of ['slow', 'down']) count(`${cell}:${what}`);
  const waiting = rejection(enduringTagged(cell));
  await reaches(cell, 2);
  await pool.invalidateTags(cell);
  lift(`${cell}:2`);
  expect((await waiting).message).toBe('down at 2');
});

test.runIf(inFull)('what a refresh says is not to be kept ends the old value, too', async () => {
  const { clock, pool } = await withClock({ threads: 1 });
  const cell = fresh('unwanted');
  expect(await choosy(cell)).toBe(1);
  clock.advance('1m');
  count(`${cell}:unwanted`);
  expect(await choosy(cell)).toBe(1);
  await reaches(cell, 2);
  await quiet(pool);
  expect(choosy.has(cell)).toBe(false);
});

const deaths: [what: string, last: number, then: number][] = [
  ['once', 2, 3],
  ['each time', 3, 1],
];
test.each(variants(deaths, 1))(
  'a refresh that takes its thread down %s is computed elsewhere, or has failed',
  async (_, last, then) => {
    const { clock, pool } = await withClock({ threads: 1 });
    const cell = fresh('killed');
    expect(await both(cell)).toBe(1);
    clock.advance('1m');
    for (let deaths = 0; deaths < last; deaths++) count(`${cell}:kills`);
    expect(await both(cell)).toBe(1);
    await reaches(cell, 3);
    await quiet(pool);
    expect([await both(cell), counted(cell)]).toEqual([then, 3]);
    expect(pool.stats().functions[both.id]).toMatchObject({ failedRefreshes: then === 1 ? 1 : 0 });
  },
);

test('forceRefresh rejects when it fails, whatever is stale, and the old value stays', async () => {
  const { clock } = await withClock({ threads: 1 });
  const cell = fresh('forced');
  await enduring(cell);
  clock.advance('2m');
  count(`${cell}:down`);
  const forced = rejection(enduring.with({ forceRefresh: true })(cell));
  expect((await forced).message).toBe('down at 2');
  expect(await enduring(cell)).toBe(1);
});

test('a full queue answers with the stale value, where there is one', async () => {
  const { clock, statsOf } = await withClock({ threads: 1, maxQueue: 0 });
  const [cell, slow] = [fresh('full'), fresh('full')];
  expect(await single(cell)).toBe(1);
  clock.advance('2m');
  count(`${slow}:slow`);
  const first = single(slow);
  await reaches(slow, 1);
  expect(await single(cell)).toBe(1);
  expect((await rejection(single(fresh('full')))).name).toBe('QueueFullError');
  lift(`${slow}:1`);
  expect(await first).toBe(1);
  // That nothing was tried is no failure after which nothing is tried for a while.
  expect(await single(cell)).toBe(2);
  expect(statsOf(single)).toMatchObject({ staleOnError: 1, failedRefreshes: 0, computations: 3 });
});

test.runIf(inFull)('a timeout ends a call, and is no stale answer', async () => {
  const { clock } = await withClock({ threads: 1 });
  const cell = fresh('limit');
  await enduring(cell);
  clock.advance('2m');
  count(`${cell}:slow`);
  const call = rejection(enduring.with({ timeout: '1s' })(cell));
  await reaches(cell, 2);
  clock.advance('1s');
  expect((await call).name).toBe('TimeoutError');
  lift(`${cell}:2`);
});

test.runIf(inFull)('sync follows the table', async () => {
  const { clock, pool } = await withClock({ threads: 2 });
  const cell = fresh('sync');
  const see = () => looksSync(cell, ++nth);
  expect(await see()).toBe(1);
  clock.advance('1m');
  expect(await see()).toBe(1);
  await reaches(cell, 2);
  await quiet(pool);
  expect(await see()).toBe(2);
  clock.advance('3m');
  count(`${cell}:down`);
  expect([await see(), counted(cell)]).toEqual([2, 3]);
  expect([await see(), counted(cell)]).toEqual([2, 3]);
  expect(syncs.stats()).toMatchObject({ staleOnError: 2, failedRefreshes: 1 });
  clock.advance('10m');
  expect(await see()).toBe('down at 4');
});

test('near hits are stale likewise, and ask once', async () => {
  const { clock, pool, statsOf } = await withClock({ threads: 0 });
  const cell = fresh('near');
  for (let calls = 0; calls < 3; calls++) expect(await objects(cell)).toEqual({ nth: 1 });
  clock.advance('1m');
  count(`${cell}:slow`);
  for (let calls = 0; calls < 100; calls++) expect(await objects(cell)).toEqual({ nth: 1 });
  await reaches(cell, 2);
  lift(`${cell}:2`);
  await quiet(pool);
  expect(await objects(cell)).toEqual({ nth: 2 });
  expect(statsOf(objects)).toMatchObject({ refreshes: 1, staleHits: 100, computations: 2 });
});

test('nor are they answered past their window, though they were quiet a moment ago', async () => {
  const { clock, pool, statsOf } = await withClock({ threads: 1 });
  const cell = fresh('near-end');
  const see = () => looksSync(cell, ++nth);
  expect(await see()).toBe(1);
  clock.advance(119_999);
  count(`${cell}:down`);
  for (let calls = 0; calls < 4; calls++) expect(await see()).toBe(1);
  await reaches(cell, 2);
  await quiet(pool);
  expect(statsOf(syncs)).toMatchObject({ staleHits: 4, staleOnError: 0, failedRefreshes: 1 });
  clock.advance(1);
  expect(await see()).toBe(1);
  expect(statsOf(syncs)).toMatchObject({ staleHits: 4, staleOnError: 1 });
});

describe('maxAge', () => {
  test.each(variants([1, 0], 1))(
    'with %i threads, an older value is computed again',
    async (threads) => {
      const { clock } = await withClock({ threads });
      const cell = fresh('young');
      const young = (fn: typeof both, maxAge: number) => fn.with({ maxAge })(cell);
      expect(await both(cell)).toBe(1);
      clock.advance('30s');
      expect([await young(both, 30_000), await young(both, 29_999)]).toEqual([1, 2]);
      expect(await both(cell)).toBe(2);
      clock.advance('70s');
      expect(await young(both, 60_000)).toBe(3);
    },
  );

  test('is known of values without windows, too', async () => {
    const { clock } = await withClock({ threads: 0 });
    const cell = fresh('plain');
    expect(await aging(cell)).toBe(1);
    clock.advance('5m');
    expect(await aging.with({ maxAge: '5m' })(cell)).toBe(1);
    expect(await aging.with({ maxAge: '4m' })(cell)).toBe(2);
    expect(await lasting(cell)).toBe(3);
    clock.advance('5m');
    expect(await lasting.with({ maxAge: '5m' })(cell)).toBe(3);
    expect(await lasting.with({ maxAge: '4m' })(cell)).toBe(4);
  });
});
