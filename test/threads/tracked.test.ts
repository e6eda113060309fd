/** An entry outlives something that it was made of (`track`), wherever that was found, and whatever ends it. */

import { expireTags, invalidateTags, mapTier, memoize, OptionError } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, test, vi } from 'vitest';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  agingLeaf,
  book,
  change,
  failingLong,
  forgets,
  laxPage,
  leaf,
  list,
  mainBook,
  page,
  plainPage,
  taggedLeaf,
  tagOf,
} from '../fixtures/tracked.ts';
import { open, openForAll } from './open.ts';

let nth = 0;

describe.each([0, 2])('with %i threads', (threads) => {
  openForAll({ threads });

  const ends = {
    'its key': (cell: string) => leaf.invalidate(cell),
    'its key, in a thread': (cell: string) => forgets('key', cell, ++nth),
    'its function': () => leaf.clear(),
    'its function, in a thread': (cell: string) => forgets('function', cell, ++nth),
    'a new value': (cell: string) => leaf.set([cell], 1),
    'its end': (cell: string) => leaf.expire(cell),
    'a forced computation': (cell: string) => leaf.with({ forceRefresh: true })(cell),
  };

  test.each(Object.entries(ends))('an entry goes with a part, by %s', async (_, end) => {
    const cell = fresh('part');
    for (const fn of [book, page]) expect(await fn('leaf', 'call', cell)).toEqual([0, 1]);
    expect(await mainBook('leaf', 'call', cell)).toEqual([0, 2]);
    change(cell);
    await end(cell);
    expect(page.has('leaf', 'call', cell)).toBe(false);
    expect(book.has('leaf', 'call', cell)).toBe(false);
    expect(mainBook.has('leaf', 'call', cell)).toBe(false);
    expect(await book('leaf', 'call', cell)).toEqual([1, 3]);
    expect(await page('leaf', 'call', cell)).toEqual([1, 2]);
  });

  test.each(['call', 'fork', 'twice', 'peek'] as const)(
    'also where the part was a hit, near and shared: %s',
    async (how) => {
      const cell = fresh('hit');
      await leaf(cell);
      for (let hits = 0; hits < 3; hits++) await plainPage(`${cell}:other`);
      const value = (truth: number) => (how === 'twice' ? truth * 2 : truth);
      expect(await page('leaf', how, cell)).toEqual([value(0), 1]);
      change(cell);
      await leaf.invalidate(cell);
      expect(page.has('leaf', how, cell)).toBe(false);
      await leaf(cell);
      expect(await page('leaf', how, cell)).toEqual([value(1), 2]);
      expect(await page('leaf', how, cell)).toEqual([value(1), 2]);
    },
  );

  test.each([
    ['is missing at first', false],
    ['was there', true],
  ])('it has the tags of a part that %s', async (_, isThere) => {
    const cell = fresh('tags');
    if (isThere) await taggedLeaf(cell);
    await book('taggedLeaf', 'call', cell);
    expect(await book.explain('taggedLeaf', 'call', cell)).toMatchObject({
      tags: [tagOf(cell)],
      dependsOn: expect.arrayContaining([
        taggedLeaf.key(cell),
        page.key('taggedLeaf', 'call', cell),
      ]),
    });
    change(cell);
    await invalidateTags(tagOf(cell));
    expect(book.has('taggedLeaf', 'call', cell)).toBe(false);
    expect(await book('taggedLeaf', 'call', cell)).toEqual([1, 2]);
  });

  // The name of a tag goes with its last entry: then it is not known which tags the whole would have.
  test.each([
    ['leaf', 'that is missing at first', false],
    ['leaf', 'that is a hit', true],
    ['taggedLeaf', 'with a tag', false],
    ['taggedLeaf', 'with a tag, that is a hit', true],
  ] as const)(
    'a part that is invalidated while the whole is being made: %s %s',
    async (which, _, isThere) => {
      const cell = fresh('under way');
      const part = which === 'leaf' ? leaf : taggedLeaf;
      if (isThere) await part(cell);
      count(`${cell}:hold`);
      const before = page(which, 'call', cell);
      await reaches(`${cell}:page`, 1);
      change(cell);
      await part.invalidate(cell);
      const after = page(which, 'call', cell);
      lift(`${cell}:page:1`);
      expect(await before).toEqual([0, 1]);
      lift(`${cell}:page:2`);
      expect(await after).toEqual([1, 2]);
      expect(page.has(which, 'call', cell)).toBe(true);
    },
  );

  test('what was made of a value that is not kept, or of an error, is not kept', async () => {
    const cell = fresh('unkept');
    await page('forgotten', 'call', cell);
    expect(page.has('forgotten', 'call', cell)).toBe(false);
    expect(await page('failing', 'call', cell)).toEqual(['failing 0', 2]);
    expect(page.has('failing', 'call', cell)).toBe(false);
    // What finds nothing has used nothing.
    expect((await page('leaf', 'peek', cell))[0]).toBe('nothing');
    expect(page.has('leaf', 'peek', cell)).toBe(true);
  });

  test('its own refresh of a part does not end it', async () => {
    const cell = fresh('forced');
    await leaf(cell);
    change(cell);
    expect(await page('leaf', 'forced', cell)).toEqual([1, 1]);
    expect(page.has('leaf', 'forced', cell)).toBe(true);
    await leaf.invalidate(cell);
    expect(page.has('leaf', 'forced', cell)).toBe(false);
  });

  test('with a window it is stale when a part was expired, and gone when one was invalidated', async () => {
    const cell = fresh('lax');
    await laxPage('taggedLeaf', 'call', cell);
    await expireTags(tagOf(cell));
    // It may be dead for some turns of the event loop before it is stale.
    const state = async () => (await laxPage.explain('taggedLeaf', 'call', cell)).state;
    await vi.waitUntil(async () => (await state()) === 'stale');
    await invalidateTags(tagOf(cell));
    expect(await laxPage.explain('taggedLeaf', 'call', cell)).toMatchObject({ state: 'missing' });
  });

  test('of many parts, it depends on whole functions', async () => {
    const cell = fresh('many');
    const sumOf = (truth: number, computed: number) => [truth, computed];
    expect(await list('leaf', cell, 200)).toEqual(sumOf(0, 1));
    expect((await list.explain('leaf', cell, 200)).dependsOn).toEqual([leaf.id]);
    await leaf.invalidate(fresh('another'));
    expect(list.has('leaf', cell, 200)).toBe(false);
    change(`${cell}/199`);
    await leaf.invalidate(`${cell}/199`);
    expect(await list('leaf', cell, 200)).toEqual(sumOf(1, 2));
    // Too many tags: on anything.
    expect(await list('taggedLeaf', cell, 200)).toEqual(sumOf(1, 3));
    await invalidateTags('of nothing');
    expect(list.has('taggedLeaf', cell, 200)).toBe(false);
  });

  test('an entry that does not track outlives its parts', async () => {
    const cell = fresh('plain');
    await plainPage(cell);
    await leaf.invalidate(cell);
    expect(plainPage.has(cell)).toBe(true);
  });

  test('explain() says why', async () => {
    const cell = fresh('why');
    await page('leaf', 'call', cell);
    expect(await page.explain('leaf', 'call', cell)).toMatchObject({ dependsOn: [leaf.key(cell)] });
    await leaf.invalidate(cell);
    const why = async () => (await page.explain('leaf', 'call', cell)).lastMiss?.reason;
    await vi.waitUntil(async () => (await why()) === 'dependency');
  });
});

test('what was evicted can still be invalidated', async () => {
  await open({ threads: 1, max: 1 });
  const cell = fresh('evicted');
  expect(await page('leaf', 'call', cell)).toEqual([0, 1]);
  expect([leaf.has(cell), page.has('leaf', 'call', cell)]).toEqual([false, true]);
  await leaf.invalidate(cell);
  expect(page.has('leaf', 'call', cell)).toBe(false);
});

test.each([0, 1])('with %i threads it is fresh no longer than its parts', async (threads) => {
  const clock = fakeClock();
  await open({ threads, clock });
  const cell = fresh('ends');
  await agingLeaf(cell);
  clock.advance('40s');
  await book('agingLeaf', 'call', cell);
  expect((await book.explain('agingLeaf', 'call', cell)).ttlLeftMs).toBe(20_000);
  clock.advance('20s');
  change(cell);
  // No stale hit inside of it.
  expect(await book('agingLeaf', 'call', cell)).toEqual([1, 2]);
  expect(counted(cell)).toBe(2);
});

test.each([0, 1])('with %i threads, what was answered stale bounds it', async (threads) => {
  const clock = fakeClock();
  await open({ threads, clock });
  const cell = fresh('stale');
  await agingLeaf(cell);
  clock.advance('3m');
  count(`${cell}:down`);
  expect(await page('agingLeaf', 'call', cell)).toEqual([0, 1]);
  expect(page.has('agingLeaf', 'call', cell)).toBe(false);
  // A cached error does likewise.
  expect(await page('failingLong', 'call', cell)).toEqual(['failing 0', 2]);
  clock.advance('59s');
  expect(page.has('failingLong', 'call', cell)).toBe(true);
  await failingLong.invalidate(cell);
  expect(page.has('failingLong', 'call', cell)).toBe(false);
  expect(await page('failingLong', 'call', cell)).toEqual(['failing 0', 3]);
  clock.advance('1m');
  expect(page.has('failingLong', 'call', cell)).toBe(false);
});

test('through a tier', async () => {
  const tier = mapTier();
  const pool = await open({ threads: 1, tiers: [tier], max: 1 });
  const cell = fresh('tier');
  expect(await book('taggedLeaf', 'call', cell)).toEqual([0, 1]);
  await leaf(fresh('other'));
  expect(await book('taggedLeaf', 'call', cell)).toEqual([0, 1]);
  const { dependsOn, tags, where } = await book.explain('taggedLeaf', 'call', cell);
  expect({ dependsOn, tags, where }).toMatchObject({
    ...{ tags: [tagOf(cell)], where: 'memory' },
    dependsOn: expect.arrayContaining([taggedLeaf.key(cell)]),
  });
  await leaf(fresh('another'));
  change(cell);
  await taggedLeaf.invalidate(cell);
  expect(await book('taggedLeaf', 'call', cell)).toEqual([1, 2]);
  await pool.close();
  const next = await open({ threads: 1, tiers: [tier] });
  expect(await book('taggedLeaf', 'call', cell)).toEqual([1, 2]);
  // What its own process has never had.
  change(cell);
  await next.invalidateTags(tagOf(cell));
  expect(await book('taggedLeaf', 'call', cell)).toEqual([2, 3]);
});

test('track is checked', () => {
  const track = 1 as unknown as boolean;
  expect(() => memoize(import.meta.url, () => 1, { name: 'wrong', track })).toThrow(OptionError);
  expect(() => memoize(import.meta.url, () => 1, { name: 'wrong', track })).toThrow(
    'track is 1; it must be true or false',
  );
});
