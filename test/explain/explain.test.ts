/** `f.explain()` names the reason rightly: on the main thread and in others, with tiers and without. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invalidateTags, KeyError, type MissReason, mapTier, type Tier } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { fakeClock } from 'threadmemo/testing';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { variants } from '../effort.ts';
import * as fixture from '../fixtures/explained.ts';
import { open, rejection } from '../threads/open.ts';

const { kept, brief, single, declined, large, tagged, before } = fixture;
const since = (second: number) => ({
  options: { since: new Date(Date.UTC(2026, 0, 1, 12, 0, second)) },
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const places: [where: string, explain: typeof fixture.explain][] = [
  ['in another thread', fixture.explainElsewhere],
  ['on the main thread', fixture.explain],
];
const setups: [what: string, tiers: () => Tier[]][] = [
  ['with a tier', () => [mapTier()]],
  ['without tiers', () => []],
];

describe.each(variants(places, 1))('%s', (_, explain) => {
  describe.each(variants(setups, 1))('%s', (_, tiers) => {
    async function opened() {
      const clock = fakeClock();
      const own: Tier[] = tiers();
      const pool = await open({ threads: 1, explain: true, clock, tiers: own, maxSize: '4mb' });
      return { clock, pool, tiers: own };
    }
    const reason = async (
      name: fixture.Explained,
      arg: unknown,
    ): Promise<MissReason | undefined> => {
      const { state, lastMiss } = await explain(name, arg);
      expect(state).toBe('missing');
      return lastMiss?.reason;
    };

    test('never', async () => {
      await opened();
      expect(await explain('kept', since(0))).toMatchObject({ lastMiss: { reason: 'never' } });
      await kept(since(0));
      await fixture.callElsewhere('kept', { options: { since: new Date(0), page: 1 } });
      expect(await explain('kept', since(1))).toMatchObject({
        state: 'missing',
        lastMiss: {
          reason: 'never',
          nearest: 'args[0].options.since: Date 12:00:01 instead of 12:00:00',
        },
      });
      expect(await explain('kept', { options: { since: new Date(0), page: 2 } })).toMatchObject({
        lastMiss: { reason: 'never', nearest: 'args[0].options.page: 2 instead of 1' },
      });
    });

    test('expired', async () => {
      const { clock } = await opened();
      await brief(1);
      expect(await explain('brief', 1)).toMatchObject({ state: 'fresh', ttlLeftMs: 60_000 });
      clock.advance('2m');
      expect(await reason('brief', 1)).toBe('expired');
      await brief(1);
      expect(await explain('brief', 1)).toMatchObject({
        state: 'fresh',
        lastMiss: { reason: 'expired' },
      });
    });

    test('evicted', async () => {
      const { tiers } = await opened();
      await single(1);
      await single(2);
      await single(3);
      await Promise.all(tiers.map((tier) => tier.delete(single.id, single.key(1))));
      expect(await explain('single', 1)).toMatchObject({
        state: 'missing',
        lastMiss: { reason: 'evicted', room: { option: 'max', atLeast: 2 } },
      });
      await single(1);
      expect(await explain('single', 1)).toMatchObject({
        state: 'fresh',
        lastMiss: { reason: 'evicted' },
      });
    });

    test('invalidated, cleared', async () => {
      const { pool } = await opened();
      for (const n of [1, 2]) await brief(n);
      await brief.invalidate(1);
      expect(await reason('brief', 1)).toBe('invalidated');
      await brief.clear();
      expect(await reason('brief', 2)).toBe('cleared');
      await brief(2);
      await pool.clear();
      expect(await reason('brief', 2)).toBe('cleared');
      await brief(2);
      expect(await explain('brief', 2)).toMatchObject({
        state: 'fresh',
        lastMiss: { reason: 'cleared' },
      });
    });

    test('tag', async () => {
      await opened();
      await tagged(1);
      expect(await explain('tagged', 1)).toMatchObject({ state: 'fresh', tags: ['of 1'] });
      await invalidateTags('of 1');
      expect(await reason('tagged', 1)).toBe('tag');
      await tagged(1);
      expect(await explain('tagged', 1)).toMatchObject({
        state: 'fresh',
        lastMiss: { reason: 'tag' },
      });
    });

    test('not kept, too large', async () => {
      await opened();
      await declined(1);
      expect(await reason('declined', 1)).toBe('not kept');
      await large(1);
      expect(large.stats().notKept.tooLarge).toBe(1);
      if (tiers().length === 0) expect(await reason('large', 1)).toBe('too large');
      else expect(await explain('large', 1)).toMatchObject({ state: 'fresh', where: 'map' });
    });

    test('refresh', async () => {
      await opened();
      await brief(1);
      expect((await explain('brief', 1)).lastMiss?.reason).toBe('never');
      await brief.with({ forceRefresh: true })(1);
      expect(await explain('brief', 1)).toMatchObject({
        state: 'fresh',
        lastMiss: { reason: 'refresh' },
      });
    });

    test('a cached error is neither a value nor missing', async () => {
      const { clock } = await opened();
      await rejection(fixture.failing(3));
      clock.advance('10s');
      expect(await explain('failing', 3)).toMatchObject({
        state: 'error',
        where: 'memory',
        ageMs: 10_000,
        ttlLeftMs: 50_000,
        lastMiss: { reason: 'never' },
      });
      expect(fixture.failing.stats()).toMatchObject({ errorHits: 0 });
      clock.advance('50s');
      expect(await explain('failing', 3)).toMatchObject({ state: 'missing' });
    });

    test('what is there: where, how old, how large, and what it took', async () => {
      const { clock, tiers } = await opened();
      await brief(1);
      clock.advance('10s');
      const seen = await explain('brief', 1);
      expect(seen).toMatchObject({
        state: 'fresh',
        where: 'memory',
        ageMs: 10_000,
        ttlLeftMs: 50_000,
        computeMs: expect.any(Number),
        usedSinceLook: false,
        tags: [],
        dependsOn: [],
        tiers: tiers.length === 0 ? {} : { map: { has: true, ageMs: 10_000, ttlLeftMs: 50_000 } },
      });
      expect(seen.bytes).toBeGreaterThan(50);
      await brief(1);
      expect(await explain('brief', 1)).toMatchObject({ usedSinceLook: true });
    });
  });

  test('code changed', async () => {
    const path = mkdtempSync(join(tmpdir(), 'threadmemo-explain-'));
    onTestFinished(() => rmSync(path, { recursive: true, maxRetries: 20, retryDelay: 10 }));
    await open({ threads: 1, tiers: [diskTier({ path })] });
    await before(1);
    expect(await explain('before', 1)).toMatchObject({
      state: 'fresh',
      tiers: { disk: { has: true } },
    });
    expect(await explain('after', 1)).toMatchObject({
      state: 'missing',
      lastMiss: { reason: 'code changed' },
      tiers: { disk: { has: false } },
    });
    expect(await explain('after', 2)).toMatchObject({ lastMiss: { reason: 'never' } });
  });
});

test('without the option it says what it can', async () => {
  await open({ threads: 1 });
  await kept(since(0));
  expect(await kept.explain(since(0))).toMatchObject({ state: 'fresh', lastMiss: undefined });
  const { lastMiss } = await kept.explain(since(1));
  expect(lastMiss).toEqual({ reason: 'never' });
  await kept.invalidate(since(0));
  expect(await kept.explain(since(0))).toMatchObject({ lastMiss: { reason: 'invalidated' } });
});

test('a tier that fails is said to have failed', async () => {
  const tier: Tier = { ...mapTier(), name: 'broken', get: () => Promise.reject(new Error('away')) };
  await open({ threads: 1, tiers: [tier] });
  expect((await brief.explain(1)).tiers).toEqual({ broken: { has: false, failed: true } });
});

describe('the most similar call', () => {
  const of = (options: object) => ({ options });
  const most = { from: 1, to: 2, by: 'day', page: 1, size: 10 };
  const cases: [what: string, calls: unknown[], asked: unknown, nearest: string][] = [
    [
      'is one of another record, not of another kind',
      ['text', since(1)],
      since(2),
      'args[0].options.since: Date 12:00:02 instead of 12:00:01',
    ],
    [
      'whichever came first',
      [since(1), 'text', [1]],
      since(2),
      'args[0].options.since: Date 12:00:02 instead of 12:00:01',
    ],
    [
      'though many of its parts are others',
      ['text', of({ ...most, from: 3, to: 4, by: 'week', page: 5, size: 6 })],
      of(most),
      "args[0].options.from: 1 instead of 3; args[0].options.to: 2 instead of 4; args[0].options.by: 'day' instead of 'week'; and 2 more",
    ],
    [
      'differs in one part rather than in all of another one',
      [
        { page: 2, query: { a: 1, b: 2, c: 3, d: 4 } },
        { page: 1, query: { a: 5, b: 6, c: 7, d: 8 } },
      ],
      { page: 1, query: { a: 1, b: 2, c: 3, d: 4 } },
      'args[0].page: 1 instead of 2',
    ],
    [
      'lacks one part rather than a record of many',
      [{ page: 1 }, of(most)],
      { ...of(most), page: 1 },
      'args[0].page: 1 instead of none',
    ],
    ['is the latest of several', [1, 2, 3, 1], 4, 'args[0]: 4 instead of 1'],
  ];

  test.each(cases)('%s', async (_, calls, asked, nearest) => {
    await open({ threads: 0, explain: true });
    for (const call of calls) await declined(call as number);
    const { lastMiss } = await declined.explain(asked as number);
    expect(lastMiss).toEqual({ reason: 'never', nearest });
  });
});

test('explaining counts as nothing, opens no pool, and refuses what is no key', async () => {
  expect(await brief.explain(1)).toMatchObject({ state: 'missing', tiers: {} });
  // Which is what another could not be opened beside.
  await open({ threads: 1 });
  await brief(1);
  const stats = brief.stats();
  await brief.explain(1);
  expect(brief.stats()).toEqual(stats);
  const error = await rejection(brief.explain((() => {}) as unknown as number));
  expect(error).toBeInstanceOf(KeyError);
});

test('THREADMEMO_EXPLAIN=1 is the option', async () => {
  vi.stubEnv('THREADMEMO_EXPLAIN', '1');
  const pool = await open({ threads: 1 });
  expect(pool.options.explain).toBe(true);
});
