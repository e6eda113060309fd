/** What a tier did not delete although it was to is not read there, told again, and said in the end. */

import { createPool, type MemoPool } from 'threadmemo';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Warnings } from '../../src/text/warnings.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { limitedTier } from '../../src/tiers/limited-tier.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierLease, TierRecord } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

const LIMIT = 1000;

let clock: FakeClock;
let warned: string[];
beforeEach(() => {
  clock = new FakeClock();
  warned = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warned.push(String(text)));
});

const quiet = () => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  await quiet();
  for (let left = ms; left > 0; left -= LIMIT / 5) {
    clock.advance(Math.min(left, LIMIT / 5));
    await quiet();
  }
}

type Refusal = 'rejects' | 'throws' | 'hangs';

/** A tier that refuses to forget as long as it is to, and says what it was asked. */
class Refusing {
  refuses: Refusal | undefined = 'rejects';
  readonly asked: string[] = [];
  readonly records = new Map<string, Map<string, TierRecord>>();
  readonly tier: Tier;

  constructor(more: Partial<Tier> = {}) {
    const tier = mapTier(this.records);
    const getNow = (fn: string, key: string) => this.records.get(fn)?.get(key);
    this.tier = {
      ...tier,
      name: 'refusing',
      getNow,
      delete: (fn, key) => this.#forget(`delete ${key}`, () => tier.delete(fn, key)),
      clear: (fn) => this.#forget(`clear ${fn ?? 'all'}`, () => tier.clear(fn)),
      ...more,
    };
  }

  #forget(what: string, forget: () => Promise<void>): Promise<void> {
    this.asked.push(what);
    if (this.refuses === 'throws') throw new Error('disk full');
    if (this.refuses === 'rejects') return Promise.reject(new Error('disk full'));
    return this.refuses === 'hangs' ? new Promise(() => {}) : forget();
  }
}

function chainOf(...tiers: Tier[]): TierChain {
  const parts = { clock, timeout: LIMIT, warnings: new Warnings(clock) };
  return new TierChain(
    tiers.map((tier) => limitedTier(tier, parts)),
    parts,
  );
}

async function fill(refusing: Refusing): Promise<void> {
  for (const fn of ['f', 'g']) {
    for (const n of [1, 2]) await refusing.tier.set(fn, `${fn}(${n})`, record([n]));
  }
}

/** The keys that a chain finds. */
async function found(chain: TierChain): Promise<string[]> {
  const keys = ['f(1)', 'f(2)', 'g(1)', 'g(2)'];
  const answers = await Promise.all(keys.map((key) => chain.get(key[0] as string, key)));
  for (const [at, key] of keys.entries()) {
    const now = chain.getNow(key[0] as string, key);
    if (now !== 'later') expect(!now).toBe(!answers[at]);
    if (!answers[at]) expect(chain.peek(key[0] as string, key)).toBeUndefined();
  }
  return keys.filter((_, at) => answers[at]);
}

const WAYS: readonly [string, { fn?: string; key?: string }, readonly string[]][] = [
  ['a key', { fn: 'f', key: 'f(1)' }, ['f(2)', 'g(1)', 'g(2)']],
  ['a function', { fn: 'f' }, ['g(1)', 'g(2)']],
  ['everything', {}, []],
];

describe.each(['rejects', 'throws', 'hangs'] as const)(
  'a tier that %s when it is to forget',
  (how) => {
    test.each(WAYS)('%s does not answer with it', async (_, { fn, key }, others) => {
      const refusing = new Refusing();
      refusing.refuses = how;
      await fill(refusing);
      const chain = chainOf(refusing.tier);
      const told = fn && key ? chain.delete(fn, key) : chain.clear(fn);
      if (how === 'hangs') await pass(1.2 * LIMIT);
      await told;
      if (how === 'hangs') await backUp(chain);
      // One that hangs may be left out.
      expect(others).toEqual(expect.arrayContaining(await found(chain)));
      if (how !== 'hangs') expect(await found(chain)).toEqual(others);
      expect(chain.stats.get([...chain.stats.keys()][0] as Tier)?.owed).toBe(1);
      refusing.refuses = undefined;
      await pass(90_000);
      await backUp(chain);
      expect(await found(chain)).toEqual(others);
      expect([...chain.stats.values()][0]?.owed).toBe(0);
      expect([...refusing.records].flatMap(([, records]) => [...records.keys()])).toEqual(others);
    });
  },
);

/** A tier that was late is asked again. */
async function backUp(chain: TierChain): Promise<void> {
  await pass(5000);
  await chain.get('none', 'none()');
  await quiet();
}

test('a record that is put over it is read, and is not deleted later', async () => {
  const refusing = new Refusing();
  await fill(refusing);
  const chain = chainOf(refusing.tier);
  await chain.delete('f', 'f(1)');
  await chain.set('f', 'f(1)', record([9]));
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([9]).value);
  refusing.refuses = undefined;
  await pass(60_000);
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([9]).value);
});

test('so is one that is put over it under a lease, for which the old one was not looked for', async () => {
  const asked: unknown[] = [];
  const refusing = new Refusing();
  const lease: TierLease = {
    store: async (its) => {
      await refusing.tier.set('f', 'f(1)', its);
      return true;
    },
    release: async () => {},
  };
  const leasing: Tier = {
    ...refusing.tier,
    async lease(fn, key, refresh) {
      asked.push(refresh);
      const there = await refusing.tier.get(fn, key);
      return there && !refresh ? { state: 'found', record: there } : { state: 'granted', lease };
    },
  };
  await fill(refusing);
  const chain = chainOf(leasing);
  await chain.delete('f', 'f(1)');
  const answer = await chain.lease('f', 'f(1)', false);
  if (answer.state !== 'granted') throw new Error(`it was ${answer.state}`);
  await chain.set('f', 'f(1)', record([9]), { lease: answer.lease });
  expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([9]).value);
  expect((await chain.lease('f', 'f(1)', false)).state).toBe('found');
  expect(asked).toEqual([true, false]);
});

test('a tier that says of an old record that it was found is not believed', async () => {
  const refusing = new Refusing({ lease: async () => ({ state: 'found', record: record([1]) }) });
  const chain = chainOf(refusing.tier);
  await chain.delete('f', 'f(1)');
  expect(await chain.lease('f', 'f(1)', false)).toEqual({ state: 'failed' });
});

test('the record of a slower tier takes its place', async () => {
  const refusing = new Refusing();
  await fill(refusing);
  const slow = mapTier();
  const chain = chainOf(refusing.tier, slow);
  await chain.delete('f', 'f(1)');
  await slow.set('f', 'f(1)', record([9]));
  for (let n = 0; n < 2; n++) {
    expect((await chain.get('f', 'f(1)'))?.value).toEqual(record([9]).value);
  }
  expect(refusing.records.get('f')?.get('f(1)')).toEqual(record([9]));
});

test('what could not replace an old record does not leave it there', async () => {
  const refusing = new Refusing({ set: () => Promise.reject(new Error('disk full')) });
  refusing.records.set('f', new Map([['f(1)', record([1])]]));
  const chain = chainOf(refusing.tier);
  await chain.set('f', 'f(1)', record([2]), { replaces: true });
  expect(await chain.get('f', 'f(1)')).toBeUndefined();
  refusing.refuses = undefined;
  await pass(60_000);
  expect(refusing.records.get('f')?.get('f(1)')).toBeUndefined();
});

test('a write that comes after the delete, because it was late, is not read, and deleted', async () => {
  let goOn = () => {};
  const refusing = new Refusing({
    set: (fn, key, its) =>
      new Promise((resolve) => {
        goOn = () => resolve(mapTier(refusing.records).set(fn, key, its));
      }),
  });
  refusing.refuses = undefined;
  const chain = chainOf(refusing.tier);
  const written = chain.set('f', 'f(1)', record([1]));
  await quiet();
  await pass(1.2 * LIMIT);
  await written;
  await backUp(chain);
  await chain.delete('f', 'f(1)');
  goOn();
  expect(await chain.get('f', 'f(1)')).toBeUndefined();
  await quiet();
  expect(await chain.get('f', 'f(1)')).toBeUndefined();
  expect(refusing.records.get('f')?.get('f(1)')).toBeUndefined();
});

describe('a clear that takes long because there is much', () => {
  const slow = () => {
    let end: (error?: Error) => void = () => {};
    const asked: string[] = [];
    const refusing = new Refusing({
      clear: (fn) => {
        asked.push(`clear ${fn}`);
        return new Promise((resolve, reject) => {
          end = (error) => (error ? reject(error) : resolve(mapTier(refusing.records).clear(fn)));
        });
      },
    });
    return { refusing, asked, end: (error?: Error) => end(error) };
  };

  test('is waited for without a second one, and does not leave the tier out', async () => {
    const { refusing, asked, end } = slow();
    await fill(refusing);
    const chain = chainOf(refusing.tier);
    const told = chain.clear('f');
    await pass(1.2 * LIMIT);
    await told;
    expect(await found(chain)).toEqual(['g(1)', 'g(2)']);
    await pass(50_000);
    expect(asked).toEqual(['clear f']);
    end();
    await quiet();
    await chain.set('f', 'f(3)', record([3]));
    expect(await chain.get('f', 'f(3)')).toBeDefined();
    expect([...chain.stats.values()][0]?.owed).toBe(0);
  });

  test('and fails then is owed', async () => {
    const { refusing, asked, end } = slow();
    await fill(refusing);
    const chain = chainOf(refusing.tier);
    const told = chain.clear('f');
    await pass(1.2 * LIMIT);
    await told;
    end(new Error('disk full'));
    await quiet();
    expect(asked).toEqual(['clear f', 'clear f']);
    expect(await found(chain)).toEqual(['g(1)', 'g(2)']);
    end();
    await quiet();
    expect([...chain.stats.values()][0]?.owed).toBe(0);
  });

  test('is tried once more at the end', async () => {
    const { refusing, asked } = slow();
    const chain = chainOf(refusing.tier);
    const told = chain.clear('f');
    await pass(1.2 * LIMIT);
    await told;
    const closed = chain.close();
    await pass(1.2 * LIMIT);
    await closed;
    expect(asked).toEqual(['clear f', 'clear f']);
    expect(warned.at(-1)).toMatch('still has what was invalidated');
  });
});

test('what is owed takes bounded memory: of many keys it is their function', async () => {
  const refusing = new Refusing();
  const chain = chainOf(refusing.tier);
  for (let n = 0; n < 3000; n++) await chain.delete('f', `f(${n})`);
  expect([...chain.stats.values()][0]?.owed).toBe(1);
  refusing.asked.length = 0;
  refusing.refuses = undefined;
  await pass(60_000);
  expect(refusing.asked).toEqual(['clear f']);
  expect(warned).toHaveLength(2);
});

test('it is tried with pauses that grow, and all that can be deleted is', async () => {
  const refusing = new Refusing();
  const chain = chainOf(refusing.tier);
  for (let n = 0; n < 100; n++) await chain.delete('f', `f(${n})`);
  refusing.asked.length = 0;
  await pass(60_000);
  // At 1, 3, 7, 15, 31 seconds; 32 of them each time.
  expect(refusing.asked).toHaveLength(5 * 32);
  const { tier } = refusing;
  const poisoned = vi.spyOn(tier, 'delete');
  poisoned.mockImplementation(async (_, key) => {
    if (key === 'f(50)') throw new Error('never');
  });
  await pass(60_000);
  expect([...chain.stats.values()][0]?.owed).toBe(1);
});

describe('at the end', () => {
  test('it is tried once more', async () => {
    const refusing = new Refusing();
    await fill(refusing);
    const chain = chainOf(refusing.tier);
    await chain.delete('f', 'f(1)');
    refusing.refuses = undefined;
    await chain.close();
    expect(refusing.records.get('f')?.get('f(1)')).toBeUndefined();
    expect(warned).toHaveLength(1);
  });

  test('a warning says what is left, and why; nothing is tried after that', async () => {
    const refusing = new Refusing();
    const chain = chainOf(refusing.tier);
    for (let n = 0; n < 7; n++) await chain.delete('f', `f(${n})`);
    await chain.clear('g');
    await chain.close();
    expect(warned.at(-1)).toBe(
      "the tier 'refusing' was closed and still has what was invalidated (disk full): " +
        'f(0), f(1), f(2), f(3), f(4), and 3 more. ' +
        'Later processes may find it there: clear the tier, or invalidate it again',
    );
    refusing.asked.length = 0;
    await pass(120_000);
    expect(refusing.asked).toEqual([]);
  });
});

describe('a tier that makes up for it by itself', () => {
  const makesUp = { makesUp: true } as const;

  test('is read meanwhile, and not sent again', async () => {
    const refusing = new Refusing(makesUp);
    await fill(refusing);
    const chain = chainOf(refusing.tier);
    await chain.delete('f', 'f(2)');
    expect(await chain.get('f', 'f(1)')).toBeDefined();
    expect(refusing.asked).toEqual(['delete f(2)']);
    await pass(60_000);
    await chain.close();
    expect(refusing.asked).toEqual(['delete f(2)']);
    expect(warned).toEqual([]);
  });

  test('and has answered nothing until the end may not have made up for it', async () => {
    const refusing = new Refusing(makesUp);
    const chain = chainOf(refusing.tier);
    await chain.delete('f', 'f(2)');
    await chain.close();
    expect(warned).toHaveLength(1);
    expect(warned[0]).toMatch('still has what was invalidated (disk full): f(2).');
  });
});

describe('in a pool', () => {
  let pool: MemoPool | undefined;
  afterEach(() => pool?.close());

  test.each(['invalidate', 'clear', 'pool.clear'] as const)(
    'with a tier that is full, %s is an invalidation all the same',
    async (how) => {
      const refusing = new Refusing();
      pool = await createPool({ threads: 1, max: 1, tiers: [refusing.tier] });
      const all = Array.from({ length: 50 }, (_, n) => n);
      await Promise.all(all.map((n) => increment(n)));
      if (how === 'invalidate') await Promise.all(all.map((n) => increment.invalidate(n)));
      else await (how === 'clear' ? increment.clear() : pool.clear());
      const before = increment.stats();
      await Promise.all(all.map((n) => increment(n)));
      const { computations, hitsIn } = increment.stats();
      expect(computations - before.computations).toBe(50);
      expect(hitsIn.tiers).toBe(before.hitsIn.tiers);
    },
  );
});
