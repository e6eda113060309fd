/** Entries are forgotten by their tags: in all threads at once, whatever is under way. */

import { invalidateTags, mapTier, OptionError } from 'threadmemo';
import { describe, expect, test, vi } from 'vitest';
import { inFull } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  alsoTagged,
  asksStagedTag,
  constantTags,
  forgetsItself,
  forgetsTags,
  looksTwiceAtTag,
  stagedTag,
  tagged,
  taggedAsSaid,
  taggedBytes,
  untagged,
} from '../fixtures/tagged.ts';
import { open, openForAll, rejection } from './open.ts';

const ways = [
  ['invalidateTags()', (tag: string) => invalidateTags(tag)],
  ['invalidateTags() in a thread', (tag: string) => forgetsTags(tag)],
] as const;

describe('in memory', () => {
  const pool = openForAll({ threads: 3, maxSize: '8mb' });

  describe.each([
    ...ways,
    ['pool.invalidateTags()', (tag: string) => pool().invalidateTags(tag)],
  ] as const)('%s', (_, forget) => {
    test('forgets the entries that have the tag, of all functions, and no others', async () => {
      const [one, two, three, tag] = [fresh('one'), fresh('two'), fresh('three'), fresh('tag')];
      await Promise.all([
        tagged(one, tag),
        alsoTagged(two, tag),
        tagged(three, `${tag} `),
        untagged(one),
        taggedBytes(one, tag),
      ]);
      await forget(tag);
      expect(tagged.has(one, tag)).toBe(false);
      expect(alsoTagged.has(two, tag)).toBe(false);
      expect(taggedBytes.has(one, tag)).toBe(false);
      expect(tagged.has(three, `${tag} `)).toBe(true);
      expect(untagged.has(one)).toBe(true);
      expect(await tagged(one, tag)).toBe(4);
      expect(await tagged(one, tag)).toBe(4);
    });

    test('what is being computed answers those who asked before, and is not kept', async () => {
      const [gate, tag] = [fresh('old'), fresh('tag')];
      const before = [
        stagedTag(gate, tag),
        stagedTag(gate, tag),
        asksStagedTag(gate, tag, 'before'),
      ];
      await reaches(`${gate}:asked`, 1);
      await reaches(`${gate}:started`, 1);
      await forget(tag);
      lift(`${gate}:1`);
      for (const each of await Promise.all(before)) expect(each.nth).toBe(1);
      expect(stagedTag.has(gate, tag)).toBe(false);
      lift(`${gate}:2`);
      expect(await stagedTag(gate, tag)).toMatchObject({ nth: 2 });
      expect(stagedTag.has(gate, tag)).toBe(true);
    });

    test('a caller who joined after the invalidation gets a computation that began after it', async () => {
      const [gate, tag] = [fresh('joined'), fresh('tag')];
      const before = stagedTag(gate, tag);
      await reaches(`${gate}:started`, 1);
      await forget(tag);
      const after = [stagedTag(gate, tag), asksStagedTag(gate, tag, 'after'), stagedTag(gate, tag)];
      await reaches(`${gate}:asked`, 1);
      expect(counted(`${gate}:started`)).toBe(1);
      lift(`${gate}:1`);
      expect(await before).toMatchObject({ nth: 1 });
      lift(`${gate}:2`);
      for (const each of await Promise.all(after)) expect(each.nth).toBe(2);
      expect(counted(`${gate}:started`)).toBe(2);
      expect(await stagedTag(gate, tag)).toMatchObject({ nth: 2 });
    });

    test('reaches threads that are blocked meanwhile, and what they have in their own memory', async () => {
      const [cell, tag] = [fresh('blocked'), fresh('tag')];
      await tagged(cell, tag);
      const looks = [looksTwiceAtTag(cell, tag, 'one'), looksTwiceAtTag(cell, tag, 'other')];
      await reaches(`${cell}:looked`, 2);
      await forget(tag);
      lift(`${cell}:change`);
      for (const [first, second] of await Promise.all(looks))
        expect([first, second]).toEqual([1, 2]);
    });
  });

  test('memory has forgotten when the call returns', async () => {
    const [cell, tag] = [fresh('at-once'), fresh('tag')];
    await tagged(cell, tag);
    const forgotten = pool().invalidateTags(tag);
    expect(tagged.has(cell, tag)).toBe(false);
    await forgotten;
  });

  test('explain() tells them, and that one was invalidated', async () => {
    const [cell, tag] = [fresh('explained'), fresh('tag')];
    await tagged(cell, tag);
    expect(await tagged.explain(cell, tag)).toMatchObject({ state: 'fresh', tags: [tag, cell] });
    await invalidateTags(tag);
    await vi.waitUntil(async () => (await tagged.explain(cell, tag)).lastMiss?.reason === 'tag');
  });

  test('tags may be constant', async () => {
    const cell = fresh('constant');
    await constantTags(cell);
    await invalidateTags('constants');
    expect(constantTags.has(cell)).toBe(true);
    await invalidateTags('other');
    expect(constantTags.has(cell)).toBe(false);
  });

  test('a computation may wait for the invalidation of its own tag', async () => {
    const cell = fresh('itself');
    expect(await forgetsItself(cell)).toBe(1);
    expect(forgetsItself.has(cell)).toBe(false);
  });

  test('tags are told apart, whatever is in them', async () => {
    const tags = [
      '',
      ' ',
      'a',
      'a,b',
      'a*',
      '*',
      '__proto__',
      'A',
      'é',
      'e\u0301',
      '\ud800',
      '\udc00',
      '\0',
    ];
    const cells = tags.map((_, at) => fresh(`cell-${at}`));
    for (const [at, tag] of tags.entries()) {
      await Promise.all(tags.map((each, nth) => alsoTagged(cells[nth] as string, each)));
      await invalidateTags(tag);
      const there = tags.filter((each, nth) => alsoTagged.has(cells[nth] as string, each));
      expect(there).toEqual(tags.filter((_, nth) => nth !== at));
    }
  });

  test('an entry has up to 128 tags, and goes with each', async () => {
    const many = Array.from({ length: 128 }, (_, nth) => `many-${nth}`);
    for (const tag of ['many-0', 'many-64', 'many-127']) {
      const cell = fresh('many');
      await taggedAsSaid(cell, many);
      expect(taggedAsSaid.has(cell, many)).toBe(true);
      await invalidateTags(tag);
      expect(taggedAsSaid.has(cell, many)).toBe(false);
    }
  });

  test('what tags returns is checked', async () => {
    const cell = fresh('wrong');
    const wrong = [
      ['page', "what tags of .*#taggedAsSaid returned is 'page'; it must be an array of texts"],
      [['a', 7], 'returned\\[1\\] is 7; it must be a text'],
      [['x'.repeat(257)], 'returned\\[0\\] is .*; it must be at most 256 characters'],
      [
        Array.from({ length: 129 }, (_, nth) => String(nth)),
        'has 129 tags; an entry can have 128 at most',
      ],
    ] as const;
    for (const [tags, message] of wrong) {
      const error = await rejection(taggedAsSaid(cell, tags));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toMatch(new RegExp(message));
    }
    expect(await taggedAsSaid(cell, ['x'.repeat(256)])).toBe(wrong.length + 1);
    const error = await rejection(invalidateTags(7 as unknown as string));
    expect(error.message).toBe('tags[0] is 7; it must be a text');
    await expect(pool().invalidateTags(['a'] as unknown as string)).rejects.toBeInstanceOf(
      OptionError,
    );
  });

  test.runIf(inFull)('what was invalidated is swept, and its cells go with it', async () => {
    const tag = fresh('swept');
    const before = pool().stats();
    const cells = Array.from({ length: 1500 }, (_, nth) => `${tag}-${nth}`);
    await Promise.all(cells.map((cell) => tagged(cell, tag)));
    expect(pool().stats().entries).toBe(before.entries + 1500);
    await invalidateTags(tag);
    while (pool().stats().entries > before.entries)
      await new Promise((resolve) => setImmediate(resolve));
    const { bookkeeping } = pool().stats().memory;
    await Promise.all(cells.map((cell) => tagged(cell, tag)));
    await invalidateTags(...cells);
    while (pool().stats().entries > before.entries)
      await new Promise((resolve) => setImmediate(resolve));
    expect(pool().stats().memory.bookkeeping).toBeLessThanOrEqual(bookkeeping * 1.2);
  });
});

test.runIf(inFull)(
  'what there is room for is bounded by maxSize, however many tags there are',
  async () => {
    const pool = await open({ threads: 1, maxSize: '1mb' });
    const run = fresh('bounded');
    for (let nth = 0; nth < 20; nth++) {
      const cells = Array.from({ length: 500 }, (_, at) => `${run}-${nth}-${at}`);
      await Promise.all(cells.map((cell) => tagged(cell, `${'long '.repeat(40)}${cell}`)));
      expect(pool.stats().memory.used).toBeLessThanOrEqual(2 ** 20);
    }
    const { entries, evictions } = pool.stats();
    expect(entries).toBeGreaterThan(0);
    expect(evictions).toBeGreaterThan(0);
  },
);

test('with a tier, what was forgotten is not found there, and what is computed next is', async () => {
  const tier = mapTier();
  const pool = await open({ threads: 1, tiers: [tier], max: 1 });
  const [cell, tag] = [fresh('tier'), fresh('tag')];
  expect(await tagged(cell, tag)).toBe(1);
  await untagged(fresh('other'));
  expect(await tagged(cell, tag)).toBe(1);
  await untagged(fresh('another'));
  await pool.invalidateTags(tag);
  expect(await tagged(cell, tag)).toBe(2);
  await untagged(fresh('one more'));
  expect(await tagged(cell, tag)).toBe(2);
});

test('without a pool there is nothing to forget', async () => {
  await invalidateTags('anything');
  await expect(invalidateTags(7 as unknown as string)).rejects.toBeInstanceOf(OptionError);
});
