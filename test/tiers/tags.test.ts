/** Tags in tiers: a record whose tag was invalidated since is a miss, whatever was under way. */

import { expect, test } from 'vitest';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { TAG_ROWS } from '../../src/tiers/tag-rows.ts';
import type { Tier, TierRecord } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';
import { record } from '../suites/tier.ts';

type Records = Map<string, Map<string, TierRecord>>;

/** A process of its own over the same store. */
function processOf(clock: FakeClock, ...tiers: Tier[]) {
  const chain = new TierChain(tiers, { clock });
  const set = (key: string, marks: string[], since = clock.date()) =>
    chain.set('f', key, record([1]), { tagged: { marks, since } });
  return { chain, set, get: (key: string) => chain.get('f', key) };
}

test('a record is found until one of its tags is invalidated, and one of others is', async () => {
  const clock = new FakeClock();
  const { chain, set, get } = processOf(clock, mapTier());
  await set('f(1)', ['ta', 'tb']);
  await set('f(2)', ['tb']);
  await set('f(3)', []);
  expect((await get('f(1)'))?.record.tags?.map(({ name }) => name)).toEqual(['ta', 'tb']);
  await chain.forgetTags(['ta']);
  expect(await get('f(1)')).toBeUndefined();
  expect(await get('f(2)')).toBeDefined();
  expect(await get('f(3)')).toBeDefined();
  await set('f(1)', ['ta', 'tb']);
  expect(await get('f(1)')).toBeDefined();
});

test('what was being written when its tag was invalidated is not found afterwards', async () => {
  const clock = new FakeClock();
  const tier = mapTier();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slow: Tier = {
    ...tier,
    set: async (fn, ...rest) => {
      if (fn !== TAG_ROWS) await held;
      return tier.set(fn, ...rest);
    },
  };
  const { chain, set, get } = processOf(clock, slow);
  const written = set('f(1)', ['ta']);
  // Its row has been read by now, and the record not been written.
  await new Promise((resolve) => setImmediate(resolve));
  const forgotten = chain.forgetTags(['ta']);
  goOn();
  await Promise.all([written, forgotten]);
  expect(await get('f(1)')).toBeUndefined();
});

test('what another process had begun before an invalidation is stored nowhere', async () => {
  const clock = new FakeClock();
  const records: Records = new Map();
  const here = processOf(clock, mapTier(records));
  const there = processOf(clock, mapTier(records));
  const began = clock.date();
  clock.advance(10);
  await here.chain.forgetTags(['ta']);
  clock.advance(10);
  expect(await there.set('f(1)', ['ta'], began)).toBe(false);
  expect(await there.get('f(1)')).toBeUndefined();
  expect(await there.set('f(1)', ['ta'])).toBe(true);
  expect(await here.get('f(1)')).toBeDefined();
});

/** Operations wait until the schedule lets them happen. */
function gated(records: Records) {
  const waiting: (() => void)[] = [];
  const turn = () => new Promise<void>((resolve) => waiting.push(resolve));
  const tier = mapTier(records);
  const slow: Tier = {
    ...tier,
    get: (...what) => turn().then(() => tier.get(...what)),
    set: (...what) => turn().then(() => tier.set(...what)),
    delete: (...what) => turn().then(() => tier.delete(...what)),
  };
  return { slow, waiting };
}

test.each([
  ['was there', true],
  ['was not there', false],
])('in whichever order two processes come to a row that %s', async (_, isThere) => {
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  // One bit for each operation: which of the two has it, where both could.
  for (let order = 0; order < 2 ** 8; order++) {
    const clock = new FakeClock();
    const records: Records = new Map();
    const [one, other] = [gated(records), gated(records)];
    const writer = processOf(clock, one.slow);
    const before = processOf(clock, mapTier(records));
    if (isThere) await before.set('f(2)', ['ta']);
    const began = clock.date();
    clock.advance(10);
    const written = writer.set('f(1)', ['ta'], began);
    const forgotten = processOf(clock, other.slow).chain.forgetTags(['ta']);
    let isOver = false;
    void Promise.all([written, forgotten]).then(() => {
      isOver = true;
    });
    for (let bit = 1; !isOver; bit *= 2) {
      await settle();
      const [first, second] = order & bit ? [other, one] : [one, other];
      (first.waiting.shift() ?? second.waiting.shift())?.();
      await settle();
    }
    expect(await before.get('f(1)'), `order ${order}`).toBeUndefined();
    expect(await before.get('f(2)'), `order ${order}`).toBeUndefined();
  }
});

test('a clock that is ahead keeps nothing from being stored where invalidations are received', async () => {
  const clock = new FakeClock();
  const ahead = new FakeClock();
  ahead.advance(3600_000);
  const records: Records = new Map();
  const there = processOf(ahead, mapTier(records));
  const heard = { ...mapTier(records), onInvalidate: () => {} };
  const here = processOf(clock, heard);
  await there.chain.forgetTags(['ta']);
  expect(await here.set('f(1)', ['ta'])).toBe(true);
});

test('while a tier refuses to forget a tag, its records are not read', async () => {
  const clock = new FakeClock();
  const tier = mapTier();
  let isBroken = false;
  const broken = async () => {
    throw new Error('read only');
  };
  const refusing: Tier = {
    ...tier,
    delete: (...what) => (isBroken ? broken() : tier.delete(...what)),
    set: (...what) => (isBroken ? broken() : tier.set(...what)),
  };
  const { chain, set, get } = processOf(clock, refusing);
  await set('f(1)', ['ta']);
  await set('f(2)', ['tb']);
  isBroken = true;
  await chain.forgetTags(['ta']);
  expect(await get('f(1)')).toBeUndefined();
  expect(await get('f(2)')).toBeDefined();
  isBroken = false;
  clock.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await get('f(1)')).toBeUndefined();
  await set('f(1)', ['ta']);
  expect(await get('f(1)')).toBeDefined();
});

test('a row that was lost is a miss', async () => {
  const clock = new FakeClock();
  const records: Records = new Map();
  const { set, get } = processOf(clock, mapTier(records));
  await set('f(1)', ['ta']);
  records.delete(TAG_ROWS);
  expect(await get('f(1)')).toBeUndefined();
});

test('a faster tier has generations of its own, and what it gets from a slower one goes with the tag', async () => {
  const clock = new FakeClock();
  const [fast, slow] = [mapTier(), mapTier()];
  const both = processOf(clock, fast, slow);
  await processOf(clock, slow).set('f(1)', ['ta']);
  expect(await both.get('f(1)')).toBeDefined();
  await new Promise((resolve) => setImmediate(resolve));
  const onlyFast = processOf(clock, fast);
  expect(await onlyFast.get('f(1)')).toBeDefined();
  clock.advance(1);
  await both.chain.forgetTags(['ta']);
  expect(await onlyFast.get('f(1)')).toBeUndefined();
});

test('a lease is asked for although there is a record, when that has a tag that was invalidated', async () => {
  const clock = new FakeClock();
  const tier = mapTier();
  const leasing: Tier = {
    ...tier,
    async lease(fn, key, refresh) {
      const found = refresh ? undefined : await tier.get(fn, key);
      if (found) return { state: 'found', record: found };
      const lease = { store: async () => true, release: async () => {} };
      return { state: 'granted', lease };
    },
  };
  const { chain, set } = processOf(clock, leasing);
  await set('f(1)', ['ta']);
  expect(await chain.lease('f', 'f(1)', false)).toMatchObject({ state: 'found' });
  await chain.forgetTags(['ta']);
  expect(await chain.lease('f', 'f(1)', false)).toMatchObject({ state: 'granted' });
});

test('a row that is being begun when its tag is invalidated is none afterwards', async () => {
  const clock = new FakeClock();
  const tier = mapTier();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let rows = 0;
  const slow: Tier = {
    ...tier,
    set: async (fn, ...rest) => {
      if (fn === TAG_ROWS && ++rows === 1) await held;
      return tier.set(fn, ...rest);
    },
  };
  const { chain, set, get } = processOf(clock, slow);
  const written = set('f(1)', ['ta']);
  await new Promise((resolve) => setImmediate(resolve));
  const forgotten = chain.forgetTags(['ta']);
  await new Promise((resolve) => setImmediate(resolve));
  goOn();
  await Promise.all([written, forgotten]);
  expect(await get('f(1)')).toBeUndefined();
});

/** A tier whose operations of one kind on rows, or on what is none, wait until they are let go on. */
function heldAt(what: 'delete' | 'set', ofRows: boolean) {
  const tier = mapTier();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const wait = async (fn: string) => {
    if ((fn === TAG_ROWS) === ofRows) await held;
  };
  const slow: Tier = {
    ...tier,
    delete: async (fn, key) => {
      if (what === 'delete') await wait(fn);
      return tier.delete(fn, key);
    },
    set: async (fn, ...rest) => {
      if (what === 'set') await wait(fn);
      return tier.set(fn, ...rest);
    },
  };
  return { tier, slow, goOn: () => goOn() };
}

test('what is asked for after an invalidation is not found, although a tier has not noted that yet', async () => {
  const clock = new FakeClock();
  const { slow, goOn } = heldAt('delete', true);
  const { chain, set, get } = processOf(clock, slow);
  await set('f(1)', ['ta']);
  const forgotten = chain.forgetTags(['ta']);
  expect(await get('f(1)')).toBeUndefined();
  goOn();
  await forgotten;
  expect(await get('f(1)')).toBeUndefined();
  await set('f(1)', ['ta']);
  expect(await get('f(1)')).toBeDefined();
});

test('what a slower tier had before an invalidation is put into no faster one after it', async () => {
  const clock = new FakeClock();
  const [fast, slow] = [mapTier(), mapTier()];
  await processOf(clock, slow).set('f(1)', ['ta']);
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const late: Tier = {
    ...slow,
    get: async (fn, key) => {
      const found = await slow.get(fn, key);
      if (fn === TAG_ROWS) await held;
      return found;
    },
  };
  const both = processOf(clock, fast, late);
  const found = both.get('f(1)');
  await new Promise((resolve) => setImmediate(resolve));
  const forgotten = both.chain.forgetTags(['ta']);
  await new Promise((resolve) => setImmediate(resolve));
  goOn();
  await Promise.all([found, forgotten]);
  await both.chain.close();
  expect(await processOf(clock, fast).get('f(1)')).toBeUndefined();
});

test('what was handed over before an invalidation, and is written after it, is not found', async () => {
  const clock = new FakeClock();
  const { slow, goOn } = heldAt('set', false);
  const { chain, set, get } = processOf(clock, slow);
  // The second waits for the first.
  const written = [set('f(1)', ['tb']), set('f(1)', ['ta'])];
  await new Promise((resolve) => setImmediate(resolve));
  await chain.forgetTags(['ta']);
  goOn();
  expect(await Promise.all(written)).toEqual([true, false]);
  expect((await get('f(1)'))?.record.tags?.map(({ name }) => name)).not.toContain('ta');
});
