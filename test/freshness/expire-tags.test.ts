/** A tag that was expired leaves a value fresh somewhere, or brings one back that was forgotten. */

import { expireTags, invalidateTags, mapTier, OptionError } from 'threadmemo';
import { type FakeClock, fakeClock } from 'threadmemo/testing';
import { describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { expiresTag, laxTagged, strictTagged } from '../fixtures/growing-old.ts';
import { open, rejection, until } from '../threads/open.ts';

let nth = 0;
const ways = {
  'expireTags()': (tag: string) => expireTags(tag),
  'expireTags() in a thread': (tag: string) => expiresTag(tag, ++nth),
};

describe.each(Object.entries(ways))('%s', (_, expire) => {
  test('leaves a stale value, where that may be answered, and refreshes it', async () => {
    const pool = await open({ threads: 2 });
    const [cell, other] = [fresh('expired'), fresh('other')];
    await Promise.all([laxTagged(cell), laxTagged(other)]);
    await expire(cell);
    expect(await laxTagged.explain(cell)).toMatchObject({ state: 'stale', tags: [cell, 'lax'] });
    count(`${cell}:slow`);
    expect(await laxTagged(cell)).toBe(1);
    await reaches(cell, 2);
    expect(await laxTagged(cell)).toBe(1);
    lift(`${cell}:2`);
    await until(() => pool.inspect().flights.length === 0);
    expect(await laxTagged(cell)).toBe(2);
    expect(await laxTagged(other)).toBe(1);
    expect(laxTagged.stats()).toMatchObject({ staleHits: 2, refreshes: 1 });
  });

  test('is an invalidation, where no stale value is ever answered', async () => {
    await open({ threads: 2 });
    const cell = fresh('strict');
    await strictTagged(cell);
    await expire(cell);
    expect(strictTagged.has(cell)).toBe(false);
    expect(await strictTagged(cell)).toBe(2);
  });

  test('what is being computed is stale when it comes', async () => {
    const pool = await open({ threads: 2 });
    const cell = fresh('under way');
    count(`${cell}:slow`);
    const before = [laxTagged(cell), strictTagged(cell)];
    await reaches(cell, 2);
    await expire(cell);
    const after = [laxTagged(cell), strictTagged(cell)];
    for (const lifted of [1, 2]) lift(`${cell}:${lifted}`);
    const [lax, strict] = (await Promise.all(before)) as [number, number];
    expect(lax + strict).toBe(3);
    await reaches(cell, 3);
    lift(`${cell}:3`);
    // Without a window, the call that came afterwards has a computation of its own.
    expect(await Promise.all(after)).toEqual([lax, 3]);
    expect(await laxTagged(cell)).toBe(lax);
    await reaches(cell, 4);
    lift(`${cell}:4`);
    await until(() => pool.inspect().flights.length === 0);
    expect(await laxTagged(cell)).toBe(4);
  });
});

test('it has no second life', async () => {
  const clock: FakeClock = fakeClock();
  await open({ threads: 0, clock });
  const cell = fresh('window');
  await laxTagged(cell);
  await expireTags(cell);
  clock.advance('30s');
  await expireTags('lax');
  clock.advance(29_999);
  expect(laxTagged.has(cell)).toBe(true);
  clock.advance(1);
  expect(laxTagged.has(cell)).toBe(false);
});

test.runIf(inFull)(
  'of thousands, none is fresh when the call returns, and all are stale soon',
  async () => {
    const pool = await open({ threads: 0 });
    const cells = Array.from({ length: 3000 }, (_, at) => fresh(`many-${at}`));
    await Promise.all(cells.map((cell) => laxTagged(cell)));
    const expired = pool.expireTags('lax');
    const seen = await Promise.all(cells.map((cell) => laxTagged.explain(cell)));
    expect(seen.every(({ state }) => state !== 'fresh')).toBe(true);
    await expired;
    await until(() => cells.every((cell) => laxTagged.has(cell)));
    expect(cells.every((cell) => counted(cell) === 1)).toBe(true);
  },
);

const invalidations = [
  ['by the same tag', 0, () => invalidateTags('lax')],
  ['with its function', 0, () => laxTagged.clear()],
  ['by its tag', 2999, (cell: string) => invalidateTags(cell)],
  ['by its key', 2999, (cell: string) => laxTagged.invalidate(cell)],
] as const;
test.each(variants(invalidations, 2))(
  'what was invalidated %s before it was swept does not come back',
  async (_, left, forget) => {
    const pool = await open({ threads: 0 });
    const cells = Array.from({ length: 3000 }, (_, at) => fresh(`gone-${at}`));
    await Promise.all(cells.map((cell) => laxTagged(cell)));
    const expired = pool.expireTags('lax');
    const last = cells.filter((cell) => !laxTagged.has(cell)).slice(-2);
    expect(last.length).toBe(2);
    const gone = last[0] as string;
    await Promise.all([expired, forget(gone)]);
    const there = () => cells.filter((cell) => laxTagged.has(cell)).length;
    await until(() => pool.stats().entries === left && there() === left);
    expect(laxTagged.has(gone)).toBe(false);
  },
);

test('with a tier, the stale value is in memory only', async () => {
  const pool = await open({ threads: 1, tiers: [mapTier()] });
  const cell = fresh('tier');
  await laxTagged(cell);
  await pool.expireTags(cell);
  const { state, where, tiers } = await laxTagged.explain(cell);
  expect([state, where, Object.values(tiers)]).toEqual(['stale', 'memory', [{ has: false }]]);
});

test('a tag is checked', async () => {
  const pool = await open({ threads: 0 });
  for (const expire of [expireTags, (tag: string) => pool.expireTags(tag)]) {
    const error = await rejection(expire(7 as unknown as string));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toBe('tags[0] is 7; it must be a text');
  }
});
