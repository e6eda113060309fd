/** A tier that answers in time and is slower than computing: not worth a call's waiting. */

import { createPool, type MemoPool } from 'threadmemo';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Warnings } from '../../src/text/warnings.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { limitedTier } from '../../src/tiers/limited-tier.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { LeaseAnswer, Tier } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

let clock: FakeClock;
let warned: string[];
beforeEach(() => {
  clock = new FakeClock();
  warned = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warned.push(String(text)));
});

const quiet = () => new Promise((resolve) => setImmediate(resolve));

/** Time passes as it does for a thread that is not busy, until what is waited for is there. */
async function pass<T>(answer: Promise<T>): Promise<T> {
  let isThere = false;
  const seen = answer.finally(() => {
    isThere = true;
  });
  await quiet();
  while (!isThere) {
    clock.advance(10);
    await quiet();
  }
  return seen;
}

/** A tier whose answers take some time, by the fake clock. */
class Delayed {
  ms = 200;
  /** How it answers then. */
  readonly fails = vi.fn(() => false);
  readonly asked: string[] = [];
  readonly tier: Tier;

  constructor(more: Partial<Tier> = {}) {
    const tier = mapTier();
    this.tier = {
      ...tier,
      get: (fn, key) => this.#after('get', fn, () => tier.get(fn, key)),
      set: (fn, key, its) => this.#after('set', fn, () => tier.set(fn, key, its)),
      delete: (fn, key) => this.#after('delete', fn, () => tier.delete(fn, key)),
      lease: (fn) =>
        this.#after('lease', fn, async (): Promise<LeaseAnswer> => {
          const lease = { store: async () => true, release: async () => {} };
          return { state: 'granted', lease };
        }),
      ...more,
    };
  }

  async #after<T>(what: string, fn: string, run: () => Promise<T>): Promise<T> {
    this.asked.push(`${what} ${fn}`);
    if (this.ms > 0) await new Promise<void>((resolve) => clock.after(this.ms, resolve));
    if (this.fails()) throw new Error('broken');
    return run();
  }
}

const MS: Record<string, number> = { cheap: 20, dear: 1000 };
const msOf = (fn: string) => MS[fn] ?? Number.POSITIVE_INFINITY;

function chainOf(...tiers: Tier[]): TierChain {
  const warnings = new Warnings(clock);
  const limited = tiers.map((tier) => limitedTier(tier, { clock, timeout: 5000, warnings }));
  return new TierChain(limited, { clock, warnings, msOf });
}

async function getSome(chain: TierChain, times = 8): Promise<void> {
  for (let n = 0; n < times; n++) await pass(chain.get('dear', `dear(${n})`));
}

test('is not asked, nor written to, for what is sooner computed', async () => {
  const delayed = new Delayed();
  const chain = chainOf(delayed.tier);
  await getSome(chain, 7);
  await pass(chain.get('cheap', 'cheap(0)'));
  expect(warned).toEqual([
    expect.stringMatching(/^the tier 'map' answers after some (19|20|21)0 ms:/),
  ]);
  delayed.asked.length = 0;
  for (let n = 0; n < 10; n++) {
    expect(await chain.get('cheap', `cheap(${n})`)).toBeUndefined();
    expect(await chain.lease('cheap', `cheap(${n})`, false)).toEqual({ state: 'failed' });
    expect(await chain.set('cheap', `cheap(${n})`, record([1]))).toBe(true);
  }
  expect(delayed.asked).toEqual([]);
  expect([...chain.stats.values()][0]?.skipped).toBe(10);
  await pass(chain.get('dear', 'dear(1)'));
  await pass(chain.lease('dear', 'dear(1)', false));
  await pass(chain.get('unknown', 'unknown(1)'));
  expect(delayed.asked).toEqual(['get dear', 'lease dear', 'get unknown']);
});

test('is sent invalidations, and keeps no record that another one was to replace', async () => {
  const delayed = new Delayed();
  const chain = chainOf(delayed.tier);
  await getSome(chain);
  delayed.asked.length = 0;
  await pass(chain.delete('cheap', 'cheap(1)'));
  await pass(chain.set('cheap', 'cheap(2)', record([1]), { replaces: true }));
  expect(delayed.asked).toEqual(['delete cheap', 'delete cheap']);
});

test('is looked at once a second by nothing that waits, and asked again when it is fast', async () => {
  const delayed = new Delayed();
  const chain = chainOf(delayed.tier);
  await getSome(chain);
  delayed.asked.length = 0;
  delayed.ms = 0;
  const looks: number[] = [];
  for (let n = 0; n < 400; n++) {
    expect(await chain.get('cheap', `cheap(${n})`)).toBeUndefined();
    clock.advance(10);
    await quiet();
    looks.push(delayed.asked.length);
  }
  expect([looks[90], looks[110], looks[190], looks[210], looks[290]]).toEqual([0, 1, 1, 2, 2]);
  // The third fast answer; after that each is asked.
  expect(looks[399]).toBeGreaterThan(50);
});

test('one fast answer among slow ones changes nothing, either way', async () => {
  const delayed = new Delayed();
  const chain = chainOf(delayed.tier);
  for (let n = 0; n < 4; n++) {
    await getSome(chain, 7);
    delayed.ms = 0;
    await getSome(chain, 1);
    delayed.ms = 200;
  }
  expect(warned).toEqual([]);
  await getSome(chain);
  expect(warned).toHaveLength(1);
});

test('a thread that was busy does not take its tier for slow', async () => {
  const chain = chainOf(new Delayed().tier);
  for (let n = 0; n < 20; n++) {
    const answer = chain.get('cheap', `cheap(${n})`);
    await quiet();
    // One turn of the event loop that takes long.
    clock.advance(500);
    await answer;
  }
  expect(warned).toEqual([]);
});

test('that many are asked for together, and stand in line, makes no tier slow', async () => {
  let inLine = 0;
  const get = () =>
    new Promise<undefined>((resolve) => clock.after(2 * inLine++, () => resolve(undefined)));
  const chain = chainOf({ ...mapTier(), get });
  for (let burst = 0; burst < 20; burst++) {
    inLine = 0;
    await pass(Promise.all(Array.from({ length: 100 }, (_, n) => chain.get('cheap', `${n}`))));
  }
  expect(warned).toEqual([]);
});

test('that many are asked for together makes a slow one no faster', async () => {
  const delayed = new Delayed();
  const chain = chainOf(delayed.tier);
  for (let burst = 0; burst < 8; burst++) {
    expect(warned).toEqual([]);
    await pass(Promise.all(Array.from({ length: 100 }, (_, n) => chain.get('dear', `dear(${n})`))));
  }
  expect(warned).toHaveLength(1);
});

test('what fails slowly is as slow as what answers so; what fails at once is not fast', async () => {
  const delayed = new Delayed();
  delayed.fails.mockReturnValue(true);
  const chain = chainOf(delayed.tier);
  await getSome(chain);
  expect(warned).toHaveLength(1);
  delayed.ms = 0;
  await getSome(chain);
  delayed.asked.length = 0;
  expect(await chain.get('cheap', 'cheap(1)')).toBeUndefined();
  await chain.lease('cheap', 'cheap(1)', false);
  expect(delayed.asked.filter((what) => what === 'lease cheap')).toEqual([]);
});

test('a tier that is to be asked all the same is', async () => {
  const delayed = new Delayed({ askedEvenIfSlow: true });
  const chain = chainOf(delayed.tier);
  await getSome(chain);
  delayed.asked.length = 0;
  await pass(chain.get('cheap', 'cheap(1)'));
  expect(delayed.asked).toEqual(['get cheap']);
});

describe('in a pool', () => {
  let pool: MemoPool | undefined;
  afterEach(() => pool?.close());

  test.runIf(inFull)('is not asked at every miss for ever', async () => {
    const tier = mapTier();
    let asked = 0;
    const get: Tier['get'] = async (...what) => {
      asked++;
      // Turns of the event loop, which is how its time is counted: a busy machine has fewer in 100 ms.
      for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
      return tier.get(...what);
    };
    pool = await createPool({ threads: 1, tiers: [{ ...tier, get }] });
    for (let n = 0; n < 60; n++) expect(await increment(n)).toBe(n + 1);
    expect(asked).toBeLessThan(30);
  });
});
