/** A tier that does not answer: nothing waits for it, and nothing of it is used when it comes late. */

import { createPool, type MemoPool } from 'threadmemo';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Warnings } from '../../src/text/warnings.ts';
import { limitedTier } from '../../src/tiers/limited-tier.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { Patience } from '../../src/tiers/patience.ts';
import type { Invalidation, LeaseAnswer, Tier, TierLease } from '../../src/tiers/tier.ts';
import { variants } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

const LIMIT = 1000;
/** After that, and not before the limit, what is late was noticed. */
const LATE = 1.2 * LIMIT;

let clock: FakeClock;
let warned: string[];
beforeEach(() => {
  clock = new FakeClock();
  warned = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warned.push(String(text)));
});

/** Time passes as it does for a thread that is not busy. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= LIMIT / 10) {
    clock.advance(Math.min(left, LIMIT / 10));
    await quiet();
  }
}

const quiet = () => new Promise((resolve) => setImmediate(resolve));

/** What was asked of a tier and is not answered before a test says so. */
class Asked<T> {
  readonly answers: ((value: T) => void)[] = [];
  readonly ask = () => new Promise<T>((resolve) => this.answers.push(resolve));
}

const limited = (tier: Tier) =>
  limitedTier(tier, { clock, timeout: LIMIT, warnings: new Warnings(clock) });

test.each<[string, unknown]>([
  ['the form without a tag', { functionId: 'f', key: 'f(1)' }],
  ['a key without its function', { of: 'key', key: 'f(1)' }],
  ['a function without its id', { of: 'function' }],
  ['nothing', undefined],
])('an invalidation that is none (%s) counts as everything, with a warning', (_, said) => {
  const onInvalidate = (heard: (what: Invalidation) => void) => heard(said as Invalidation);
  const heard = vi.fn();
  limited({ ...mapTier(), onInvalidate }).onInvalidate?.(heard);
  expect(heard.mock.calls).toEqual([[{ of: 'all' }]]);
  expect(warned).toEqual([expect.stringMatching(/^the tier 'map' .* it must be \{ of: 'key'/)]);
});

test('what does not answer in time is a failure, and not before', async () => {
  const tier = limited({ ...mapTier(), get: new Asked<undefined>().ask });
  const seen = vi.fn();
  tier.get('f', 'f(1)').catch(seen);
  await pass(LIMIT);
  expect(seen).not.toHaveBeenCalled();
  expect(clock.mayEnd).toBe(false);
  await pass(LATE - LIMIT);
  expect(seen).toHaveBeenCalledOnce();
  expect(String(seen.mock.lastCall)).toMatch("'map' did not answer get() within 1000 ms");
  expect(clock.mayEnd).toBe(true);
  expect(warned).toHaveLength(1);
});

test('a thread that was busy takes nothing for late that has come meanwhile', () => {
  const patience = new Patience(clock, LIMIT);
  const late = vi.fn();
  const end = patience.begin(late);
  clock.advance(60_000);
  expect(end()).toBe(true);
  expect(late).not.toHaveBeenCalled();
});

test('a tier that was late is not asked until it has answered a probe, and longer when it is late again', async () => {
  const asked = new Asked<undefined>();
  const get = vi.fn(asked.ask);
  const tier = limited({ ...mapTier(), get });
  const refused = async () => {
    const before = get.mock.calls.length;
    await expect(tier.get('f', 'f(1)')).rejects.toThrow('is left out');
    return get.mock.calls.length === before;
  };
  tier.get('f', 'f(1)').catch(() => {});
  await pass(LATE);
  expect(await refused()).toBe(true);
  await pass(2000);
  // This one is refused, too; in the background the tier is probed.
  expect(await refused()).toBe(false);
  await pass(LATE);
  expect(await refused()).toBe(true);
  await pass(1500);
  expect(await refused()).toBe(true);
  await pass(1000);
  expect(await refused()).toBe(false);
  expect(get.mock.lastCall).toEqual(['threadmemo#probe', 'threadmemo#probe()']);
  asked.answers.at(-1)?.(undefined);
  await quiet();
  get.mockResolvedValue(undefined);
  expect(await tier.get('f', 'f(1)')).toBeUndefined();
  expect(warned).toHaveLength(1);
});

test('what a tier refuses is an answer', async () => {
  const refuse = async () => {
    throw new Error('full');
  };
  const tier = limited({ ...mapTier(), set: refuse });
  for (let n = 0; n < 3; n++)
    await expect(tier.set('f', 'f(1)', record([1]))).rejects.toThrow('full');
  expect(await tier.get('f', 'f(1)')).toBeUndefined();
});

describe('a late answer about a lease', () => {
  test.each(['resolves', 'rejects', 'throws'] as const)(
    'that was granted is given back, which %s',
    async (how) => {
      const asked = new Asked<LeaseAnswer>();
      const tier = limited({ ...mapTier(), lease: asked.ask });
      const refused = expect(tier.lease?.('f', 'f(1)')).rejects.toThrow('did not answer lease()');
      await pass(LATE);
      await refused;
      const release = vi.fn(() => {
        if (how === 'throws') throw new Error('broken');
        return how === 'rejects' ? Promise.reject(new Error('broken')) : Promise.resolve();
      });
      const lease: TierLease = { store: async () => true, release };
      asked.answers[0]?.({ state: 'granted', lease });
      await quiet();
      expect(release).toHaveBeenCalledOnce();
    },
  );

  test('that another process has is waited for by nothing', async () => {
    const asked = new Asked<LeaseAnswer>();
    const tier = limited({ ...mapTier(), lease: asked.ask });
    const refused = expect(tier.lease?.('f', 'f(1)')).rejects.toThrow('did not answer lease()');
    await pass(LATE);
    await refused;
    const leave = vi.fn();
    asked.answers[0]?.({ state: 'held', over: new Promise(() => {}), leave });
    await quiet();
    expect(leave).toHaveBeenCalledOnce();
  });
});

test('an answer about a lease that is none leaves no rejection behind', async () => {
  const over = Promise.reject(new Error('the wait has failed'));
  const tier = limited({ ...mapTier(), lease: async () => ({ state: 'held', over }) as never });
  await expect(tier.lease?.('f', 'f(1)')).rejects.toThrow('is none of found, granted and held');
  // Node tells of rejections that nothing has handled when the microtasks are over.
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

describe('waiting for another process', () => {
  const heldTier = (get: Tier['get']): Tier => ({
    ...mapTier(),
    get,
    lease: async () => ({ state: 'held', over: new Promise(() => {}), leave() {} }),
  });

  async function waitFor(tier: Tier): Promise<{ over: boolean }> {
    const answer = await limited(tier).lease?.('f', 'f(1)');
    const seen = { over: false };
    if (answer?.state === 'held') void answer.over.then(() => Object.assign(seen, { over: true }));
    return seen;
  }

  test('takes as long as it takes', async () => {
    const seen = await waitFor(heldTier(async () => undefined));
    await pass(100 * LIMIT);
    expect(seen.over).toBe(false);
  });

  test('is over when the tier does not answer any more', async () => {
    const seen = await waitFor(heldTier(new Asked<undefined>().ask));
    await pass(LIMIT + LATE);
    expect(seen.over).toBe(true);
  });
});

test('a lease is ended in a tier that is left out: it would be kept alive there', async () => {
  const ended: string[] = [];
  const lease: TierLease = {
    store: async () => !ended.push('store'),
    release: async () => void ended.push('release'),
  };
  const tier = limited({
    ...mapTier(),
    get: new Asked<undefined>().ask,
    lease: async () => ({ state: 'granted', lease }),
  });
  const answer = await tier.lease?.('f', 'f(1)');
  tier.get('f', 'f(1)').catch(() => {});
  await pass(LATE);
  await expect(tier.delete('f', 'f(1)')).rejects.toThrow('left out');
  if (answer?.state !== 'granted') throw new Error('it was not granted');
  await answer.lease.store(record([1]));
  await answer.lease.release();
  expect(ended).toEqual(['store', 'release']);
});

describe('in a pool', () => {
  let pool: MemoPool | undefined;
  afterEach(() => pool?.close());

  test.each(variants(['get', 'close', 'set', 'delete', 'clear', 'lease'], 2))(
    'calls are answered and close() ends when %s hangs, and that is counted',
    async (what) => {
      const tier = { ...mapTier(), [what]: () => new Promise<never>(() => {}) };
      pool = await createPool({ threads: 1, tiers: [tier], tierTimeout: 20 });
      expect(await increment(1)).toBe(2);
      await increment.invalidate(1);
      await increment.clear();
      expect(await increment(1)).toBe(2);
      await pool.close();
      expect(pool.stats().tiers['map']?.failures).toBeGreaterThan(0);
    },
  );

  test('opens although a tier fails when it is to say what was invalidated', async () => {
    for (const onInvalidate of [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')) as unknown as undefined,
    ]) {
      pool = await createPool({ threads: 1, tiers: [{ ...mapTier(), onInvalidate }] });
      expect(await increment(1)).toBe(2);
      await pool.close();
      expect(pool.stats().tiers['map']?.failures).toBe(1);
    }
  });

  test.each([0, -1, '5 apples', Number.NaN, null])('refuses a tierTimeout of %s', async (value) => {
    const refused = createPool({ tierTimeout: value as number });
    await expect(refused).rejects.toThrow(/^tierTimeout is .*; it must be/);
  });
});
