/** What other processes invalidate in one tier is forgotten in memory and in all other tiers. */

import { createPool, type Invalidation, type MemoPool, mapTier, type Tier } from 'threadmemo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionVersions } from '../../build/src/tiers/function-versions.js';
import { versionedTier } from '../../build/src/tiers/versioned-tier.js';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

let pool: MemoPool | undefined;
let below: Tier;
let tell: (what: Invalidation) => void;

/** Memory, a tier of the machine's own, and one that others share. */
beforeEach(async () => {
  below = mapTier();
  const shared: Tier = {
    ...mapTier(),
    name: 'shared',
    onInvalidate: (heard) => {
      tell = heard;
    },
  };
  pool = await createPool({ threads: 1, tiers: [below, shared] });
});
afterEach(() => pool?.close());

const there = async (fn: string, key: string) => (await below.get(fn, key)) !== undefined;

test('a key, in memory and beside it, and no other', async () => {
  await Promise.all([increment(1), increment(2)]);
  const key = increment.key(1);
  await expect.poll(() => there(increment.id, increment.key(2))).toBe(true);
  tell({ of: 'key', functionId: increment.id, key });
  expect([increment.has(1), increment.has(2)]).toEqual([false, true]);
  await expect.poll(() => there(increment.id, key)).toBe(false);
  expect(await there(increment.id, increment.key(2))).toBe(true);
});

test.each<[string, Invalidation, string[]]>([
  ['a key', { of: 'key', functionId: 'm#f', key: 'm#f(1)' }, ['m#f(2)', 'm#g(1)']],
  ['a function', { of: 'function', functionId: 'm#f' }, ['m#g(1)']],
  ['everything', { of: 'all' }, []],
])('%s of functions that were not called here is not left beside it', async (_, what, left) => {
  const keys = ['m#f(1)', 'm#f(2)', 'm#g(1)'];
  const fnOf = (key: string) => key.slice(0, 3);
  for (const key of keys) await below.set(fnOf(key), key, record([1]));
  tell(what);
  await expect
    .poll(async () => {
      const found = await Promise.all(keys.map((key) => there(fnOf(key), key)));
      return keys.filter((_, at) => found[at]);
    })
    .toEqual(left);
});

/** What is heard of `f` here, whose present code is `1f`, when a tier says this. */
function heard(what: Invalidation, namespace = ''): Invalidation[] {
  const info = (id: string) => ({
    id,
    module: 'file:///m.js',
    max: 1,
    versioned: id.includes('@'),
  });
  const known = ['f', 'g@2'];
  const versions = functionVersions({
    fingerprints: { of: () => '1f' },
    infoOf: (id) => (known.includes(id) ? info(id) : undefined),
    warn: () => {},
    namespace,
  });
  versions.idOf('f');
  const all: Invalidation[] = [];
  let say: (what: Invalidation) => void = () => {};
  const tier: Tier = {
    ...mapTier(),
    onInvalidate: (listener) => {
      say = listener;
    },
  };
  versionedTier(tier, versions).onInvalidate?.((each) => all.push(each));
  say(what);
  return all;
}

test.each<[string, Invalidation, Invalidation[]]>([
  [
    'the code that runs here',
    { of: 'key', functionId: 'f@1f', key: 'f@1f(1)' },
    [{ of: 'key', functionId: 'f', key: 'f(1)' }],
  ],
  [
    'other code, here and where older code has stored it',
    { of: 'key', functionId: 'f@2e', key: 'f@2e(1)' },
    [
      { of: 'key', functionId: 'f', key: 'f(1)' },
      { of: 'key', functionId: 'f@2e', key: 'f@2e(1)' },
    ],
  ],
  [
    'all of a function',
    { of: 'function', functionId: 'f@1f' },
    [{ of: 'function', functionId: 'f' }],
  ],
  [
    'a function that was not called',
    { of: 'function', functionId: 'h@1f' },
    [{ of: 'function', functionId: 'h@1f' }],
  ],
  [
    'a version that was given',
    { of: 'function', functionId: 'g@2' },
    [{ of: 'function', functionId: 'g@2' }],
  ],
  ['everything', { of: 'all' }, [{ of: 'all' }]],
])('%s', (_, what, expected) => {
  expect(heard(what)).toEqual(expected);
});

test.each<[string, Invalidation, Invalidation[]]>([
  [
    'its own',
    { of: 'key', functionId: 'shop|f@1f', key: 'shop|f@1f(1)' },
    [{ of: 'key', functionId: 'f', key: 'f(1)' }],
  ],
  [
    'its own, of a version that was given',
    { of: 'function', functionId: 'shop|g@2' },
    [{ of: 'function', functionId: 'g@2' }],
  ],
  [
    'its own, of other code',
    { of: 'key', functionId: 'shop|f@2e', key: 'shop|f@2e(1)' },
    [
      { of: 'key', functionId: 'f', key: 'f(1)' },
      { of: 'key', functionId: 'f@2e', key: 'f@2e(1)' },
    ],
  ],
  [
    'another',
    { of: 'function', functionId: 'blog|f@1f' },
    [{ of: 'function', functionId: '\0blog|f@1f' }],
  ],
  [
    'none',
    { of: 'key', functionId: 'g@2', key: 'g@2(1)' },
    [{ of: 'key', functionId: '\0g@2', key: '\0g@2(1)' }],
  ],
  ['all', { of: 'all' }, [{ of: 'all' }]],
])('with a namespace, what is heard of %s', (_, what, expected) => {
  expect(heard(what, 'shop')).toEqual(expected);
});
