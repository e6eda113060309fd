/** All tiers as one: order, back-filling, and failures that harm no call. */

import { describe, expect, test } from 'vitest';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierLease, TierRecord } from '../../src/tiers/tier.ts';
import { record } from '../suites/tier.ts';

const broken = (): never => {
  throw new Error('the disk is gone');
};
const brokenTier: Tier = {
  name: 'broken',
  get: async () => broken(),
  set: async () => broken(),
  delete: async () => broken(),
  clear: async () => broken(),
  close: async () => broken(),
};

/** A tier that does nothing of one kind until it is let go on. */
function heldTier(what: 'get' | 'set'): { tier: Tier; goOn: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  const tier = mapTier();
  const held: Record<typeof what, Partial<Tier>> = {
    get: { get: (...args) => promise.then(() => tier.get(...args)) },
    set: { set: (...args) => promise.then(() => tier.set(...args)) },
  };
  return { tier: { ...tier, ...held[what] }, goOn: () => resolve() };
}

/** A tier that has got the record by the time that it is asked for the lease. */
const foundTier: Tier = {
  ...mapTier(),
  lease: async () => ({ state: 'found', record: record([1]) }),
};

/** All that can happen has happened then. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

test('a hit in a slower tier fills the faster ones', async () => {
  const fast = mapTier();
  const slow = mapTier();
  await slow.set('f', 'f(1)', record([7]));
  const chain = new TierChain([fast, slow]);
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([7]).value);
  await chain.close();
  expect(await fast.get('f', 'f(1)')).toEqual(record([7]));
  expect(chain.stats.get(fast)).toMatchObject({ hits: 0, misses: 1, writes: 1 });
  expect(chain.stats.get(slow)).toMatchObject({ hits: 1, misses: 0, writes: 0 });
});

test('a failing tier is a miss and a counter, and the others go on', async () => {
  const sound = mapTier();
  const chain = new TierChain([brokenTier, sound]);
  chain.set('f', 'f(1)', record([1]));
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([1]).value);
  await chain.delete('f', 'f(1)');
  await chain.clear('f');
  expect(await sound.get('f', 'f(1)')).toBeUndefined();
  await chain.close();
  // With what it did not clear, tried once more at the end.
  expect(chain.stats.get(brokenTier)?.failures).toBe(7);
});

test('a record that is none is a failure of the tier, not of the call', async () => {
  const odd = { ...mapTier(), get: async () => ({ value: 'text' }) as unknown as TierRecord };
  const chain = new TierChain([odd]);
  expect(await chain.get('f', 'f(1)')).toBeUndefined();
  expect(chain.stats.get(odd)).toMatchObject({ failures: 1, misses: 1, hits: 0 });
});

test('a probe that is overtaken by a delete does not fill the faster tier afterwards', async () => {
  const fast = mapTier();
  const { tier: slow, goOn } = heldTier('get');
  await slow.set('f', 'f(1)', record([1]));
  const chain = new TierChain([fast, slow]);
  const probe = chain.get('f', 'f(1)');
  const deleted = chain.delete('f', 'f(1)');
  goOn();
  await Promise.all([probe, deleted]);
  expect(await fast.get('f', 'f(1)')).toBeUndefined();
});

test('a hit is answered before the faster tiers have it', async () => {
  const { tier: fast, goOn } = heldTier('set');
  const slow = mapTier();
  await slow.set('f', 'f(1)', record([1]));
  const chain = new TierChain([fast, slow]);
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([1]).value);
  expect(await fast.get('f', 'f(1)')).toBeUndefined();
  const closed = chain.close();
  goOn();
  await closed;
  expect(await fast.get('f', 'f(1)')).toEqual(record([1]));
});

test('so is one that comes with the answer about a lease', async () => {
  const { tier: fast, goOn } = heldTier('set');
  const chain = new TierChain([fast, foundTier]);
  expect(await chain.lease('f', 'f(1)', false)).toMatchObject({ state: 'found' });
  expect(await fast.get('f', 'f(1)')).toBeUndefined();
  const closed = chain.close();
  goOn();
  await closed;
  expect(await fast.get('f', 'f(1)')).toEqual(record([1]));
});

test('what is deleted while a hit fills the faster tier is in no tier after that', async () => {
  const { tier: fast, goOn } = heldTier('set');
  const slow = mapTier();
  const functions = ['f', 'g'] as const;
  for (const fn of functions) await slow.set(fn, `${fn}(1)`, record([1]));
  const chain = new TierChain([fast, slow]);
  for (const fn of functions) await chain.get(fn, `${fn}(1)`);
  const forgotten = [chain.delete('f', 'f(1)'), chain.clear('g')];
  await quiet();
  goOn();
  await Promise.all(forgotten);
  for (const tier of [fast, slow]) {
    for (const fn of functions) expect(await tier.get(fn, `${fn}(1)`)).toBeUndefined();
  }
});

test('faster tiers that cannot keep up are not filled, and have nothing older', async () => {
  const { tier, goOn } = heldTier('set');
  const old = mapTier();
  await old.set('f', 'f(1000)', record([0]));
  const fast = { ...tier, get: old.get, delete: old.delete };
  const chain = new TierChain([fast, foundTier]);
  for (let n = 0; n <= 1000; n++) await chain.lease('f', `f(${n})`, false);
  expect(chain.stats.get(fast)).toMatchObject({ writes: 1000, skipped: 1 });
  goOn();
  await chain.close();
  expect(await tier.get('f', 'f(999)')).toEqual(record([1]));
  expect(await tier.get('f', 'f(1000)')).toBeUndefined();
  expect(await old.get('f', 'f(1000)')).toBeUndefined();
});

test.each([
  ['may have, is deleted', true, ['release', 'delete']],
  ['has not, is left alone', false, ['release']],
])('when too much is being written, the lease ends; what there %s', async (_, replaces, calls) => {
  const { tier, goOn } = heldTier('set');
  const seen: string[] = [];
  const lease: TierLease = {
    store: async () => true,
    release: async () => void seen.push('release'),
  };
  const chain = new TierChain([
    {
      ...tier,
      lease: async () => ({ state: 'granted', lease }),
      delete: async () => void seen.push('delete'),
    },
  ]);
  for (let n = 0; n < 1000; n++) void chain.set('f', `f(${n})`, record([1]));
  expect(await chain.set('f', 'f(1000)', record([1]), { lease, replaces })).toBe(true);
  goOn();
  await chain.close();
  expect(seen).toEqual(calls);
});

test('closing waits for the writes', async () => {
  const tier = mapTier();
  const written: string[] = [];
  const chain = new TierChain([
    {
      ...tier,
      async set(...args) {
        await undefined;
        await tier.set(...args);
        written.push(args[1]);
      },
      async close() {
        written.push('closed');
      },
    },
  ]);
  chain.set('f', 'f(1)', record([1]));
  chain.set('f', 'f(2)', record([2]));
  await chain.close();
  expect(written).toEqual(['f(1)', 'f(2)', 'closed']);
});

describe('what the only tier says at once', () => {
  function quickTier() {
    const records = new Map<string, Map<string, TierRecord>>();
    return { ...mapTier(records), getNow: (fn: string, key: string) => records.get(fn)?.get(key) };
  }

  test('is a hit or a miss', async () => {
    const tier = quickTier();
    await tier.set('f', 'f(1)', record([7]));
    const chain = new TierChain([tier]);
    expect(chain.getNow('f', 'f(1)')).toMatchObject({
      value: record([7]).value,
      record: record([7]),
    });
    expect(chain.getNow('f', 'f(2)')).toBeUndefined();
    expect(chain.stats.get(tier)).toMatchObject({ hits: 1, misses: 1, failures: 0 });
  });

  test('comes after what was asked for this key before, and after a clear', async () => {
    const chain = new TierChain([quickTier()]);
    const written = chain.set('f', 'f(1)', record([1]));
    expect(chain.getNow('f', 'f(1)')).toBe('later');
    expect(chain.getNow('f', 'f(2)')).toBeUndefined();
    await written;
    expect(chain.getNow('f', 'f(1)')).toMatchObject({ value: record([1]).value });
    const cleared = chain.clear();
    expect(chain.getNow('f', 'f(1)')).toBe('later');
    await cleared;
    expect(chain.getNow('f', 'f(1)')).toBeUndefined();
  });

  test('is not asked of one of several, which are asked in their order', async () => {
    expect(new TierChain([mapTier(), quickTier()]).getNow('f', 'f(1)')).toBe('later');
    expect(new TierChain([quickTier(), mapTier()]).getNow('f', 'f(1)')).toBe('later');
  });

  test('may be a failure, which is a miss', () => {
    const tier = { ...quickTier(), getNow: broken };
    const chain = new TierChain([tier]);
    expect(chain.getNow('f', 'f(1)')).toBeUndefined();
    expect(chain.stats.get(tier)).toMatchObject({ failures: 1, misses: 1 });
  });
});

describe('while a function is cleared, which takes its time', () => {
  function slowToClear() {
    let goOn = () => {};
    const promise = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const tier = mapTier();
    const clear = (fn?: string) => promise.then(() => tier.clear(fn));
    return { tier: { ...tier, clear }, goOn: () => goOn() };
  }

  test('other functions are answered and stored', async () => {
    const { tier, goOn } = slowToClear();
    await tier.set('g', 'g(1)', record([1]));
    const chain = new TierChain([tier]);
    const cleared = chain.clear('f');
    expect(await chain.get('g', 'g(1)')).toBeDefined();
    await chain.delete('g', 'g(1)');
    await chain.set('g', 'g(2)', record([2]));
    expect(await chain.get('g', 'g(2)')).toBeDefined();
    goOn();
    await cleared;
    expect(await tier.get('g', 'g(2)')).toBeDefined();
  });

  test.each(['f', undefined])(
    'its misses do not wait; what is stored then stays (%s)',
    async (fn) => {
      const { tier, goOn } = slowToClear();
      await tier.set('f', 'f(1)', record([1]));
      const chain = new TierChain([tier]);
      const cleared = chain.clear(fn);
      expect(await chain.get('f', 'f(1)')).toBeUndefined();
      const stored = chain.set('f', 'f(1)', record([2]));
      await quiet();
      expect(await tier.get('f', 'f(1)')).toEqual(record([1]));
      goOn();
      await Promise.all([cleared, stored]);
      expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([2]).value);
    },
  );

  test('a clear of everything comes after that of a function, and before the next', async () => {
    const seen: string[] = [];
    const tier: Tier = {
      ...mapTier(),
      clear: async (fn) => {
        seen.push(`${fn ?? 'all'} begins`);
        await quiet();
        seen.push(`${fn ?? 'all'} ends`);
      },
    };
    const chain = new TierChain([tier]);
    const clears = [chain.clear('f'), chain.clear('g'), chain.clear(), chain.clear('f')];
    await Promise.all(clears);
    expect(seen).toEqual([
      ...['f begins', 'g begins', 'f ends', 'g ends'],
      ...['all begins', 'all ends', 'f begins', 'f ends'],
    ]);
  });
});
