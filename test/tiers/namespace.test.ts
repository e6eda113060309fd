/** Services that share a store under names of their own: none is answered with another's results. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type MemoPool, type Tier, type TierLease } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FunctionInfo } from '../../src/protocol.ts';
import { Warnings } from '../../src/text/warnings.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { readTierId, tierIdOf } from '../../src/tiers/namespace.ts';
import { sharingWarnings } from '../../src/tiers/sharing-warnings.ts';
import type { Invalidation, TierRecord } from '../../src/tiers/tier.ts';
import { inFull, variants } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { increment, looksFor } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';

let pool: MemoPool | undefined;
let warned: string[];
beforeEach(() => {
  warned = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warned.push(String(text)));
});
afterEach(() => pool?.close());

async function reopen(tier: Tier, namespace?: string): Promise<MemoPool> {
  await pool?.close();
  const named = namespace === undefined ? {} : { namespace };
  pool = await createPool({ threads: 1, tiers: [tier], ...named });
  return pool;
}

type Records = Map<string, Map<string, TierRecord>>;
const persistent = (records: Records): Tier => ({ ...mapTier(records), persistent: true });
const idsIn = (records: Records) =>
  [...records].filter(([, its]) => its.size > 0).map(([id]) => id.replace(/@[0-9a-f]{32}$/, ''));

test('no two names are alike, whatever stands in a function id', () => {
  const namespaces = ['', 'a', 'a.b', 'b'];
  const ids = ['f', 'a|f', '|f', '||f', 'a|b|f', 'b|a|f', 'a/b.js#f@1', 'a b|f', '/x|y/z.js#f', ''];
  const all = namespaces.flatMap((namespace) => ids.map((id) => ({ namespace, id })));
  expect(new Set(all.map(tierIdOf)).size).toBe(all.length);
  for (const each of all) expect(readTierId(tierIdOf(each))).toEqual(each);
  expect(
    ['f', 'a/b.js#f@1', 'a b|f', '/x|y/z.js#f'].map((id) => tierIdOf({ namespace: '', id })),
  ).toEqual(['f', 'a/b.js#f@1', 'a b|f', '/x|y/z.js#f']);
});

test('a pool finds what its own namespace has, and nothing of another or of none', async () => {
  const records: Records = new Map();
  for (const namespace of ['shop', 'blog', undefined]) {
    await reopen(persistent(records), namespace);
    expect(await increment(1)).toBe(2);
    expect(increment.stats().computations).toBe(1);
  }
  const { id } = increment;
  await pool?.close();
  expect(idsIn(records)).toEqual([`shop|${id}`, `blog|${id}`, id]);
  for (const [tierId, its] of records) {
    for (const key of its.keys()) expect(key.startsWith(`${tierId}(`)).toBe(true);
  }
  await reopen(persistent(records), 'shop');
  expect(await increment(1)).toBe(2);
  expect(increment.stats()).toMatchObject({ computations: 0, hitsIn: { tiers: 1 } });
});

test.each(variants(['clear', 'invalidate', 'pool.clear'], 1))(
  '%s reaches its own namespace, and no other',
  async (how) => {
    const records: Records = new Map();
    for (const namespace of [undefined, 'blog', 'shop']) {
      await reopen(persistent(records), namespace);
      await increment(1);
    }
    if (how === 'invalidate') await increment.invalidate(1);
    else await (how === 'clear' ? increment.clear() : pool?.clear());
    expect(idsIn(records)).toEqual([increment.id, `blog|${increment.id}`]);
  },
);

test.runIf(inFull)(
  'pool.clear() forgets what an earlier process has stored of a function that is not called yet',
  async () => {
    const records: Records = new Map();
    await reopen(persistent(records), 'shop');
    await increment(1);
    await looksFor(1, 'test');
    await reopen(persistent(records), 'shop');
    await pool?.clear();
    expect(idsIn(records)).toEqual([]);
  },
);

test('a directory is cleared of a namespace, of all versions and of functions not known here', async () => {
  const path = mkdtempSync(join(tmpdir(), 'threadmemo-namespace-'));
  onTestFinished(() => rmSync(path, { recursive: true, maxRetries: 20, retryDelay: 10 }));
  const stranger = diskTier({ path });
  for (const id of ['shop|a.js#f@1', 'shop|a.js#f@2', 'shop|b.js#g', 'shopping|a.js#f', 'a.js#f']) {
    await stranger.set(id, `${id}(1)`, record([1]));
  }
  await stranger.close();
  await reopen(diskTier({ path }), 'shop');
  await increment(1);
  await pool?.clear();
  await pool?.close();
  const after = diskTier({ path });
  expect(Object.keys((await after.stats()).functions).sort()).toEqual([
    'a.js#f',
    'shopping|a.js#f',
  ]);
  // Now the rest is all that there is.
  await after.clearPrefix('');
  expect((await after.stats()).entries).toBe(0);
  await after.close();
});

test.runIf(inFull)(
  'leases, invalidations that arrive, and other tiers know the namespace',
  async () => {
    const asked: string[] = [];
    let tell: (what: Invalidation) => void = () => {};
    const lease: TierLease = { store: async () => true, release: async () => {} };
    const leasing: Tier = {
      ...persistent(new Map()),
      lease: async (id, key) => {
        asked.push(id, key);
        return { state: 'granted', lease };
      },
      onInvalidate: (heard) => {
        tell = heard;
      },
    };
    const records: Records = new Map();
    pool = await createPool({
      threads: 1,
      tiers: [persistent(records), leasing],
      namespace: 'shop',
    });
    expect(await increment(1)).toBe(2);
    const [id = '', key = ''] = asked;
    expect(id).toMatch(`shop|${increment.id}`);
    expect(key.startsWith(`${id}(`)).toBe(true);
    records.set('blog|f', new Map([['blog|f(1)', record([1])]]));
    records.set('f', new Map([['f(1)', record([1])]]));
    for (const other of [increment.id, `blog|${increment.id}`])
      tell({ of: 'function', functionId: other });
    expect(increment.peek(1)).toBe(2);
    tell({ of: 'key', functionId: 'blog|f', key: 'blog|f(1)' });
    tell({ of: 'key', functionId: 'f', key: 'f(1)' });
    tell({ of: 'key', functionId: id, key });
    await vi.waitUntil(() => idsIn(records).length === 0);
    expect(increment.peek(1)).toBeUndefined();
  },
);

test.each([1, null, 'a|b', 'ä', 'a b', 'x'.repeat(101)])(
  'refuses the namespace %s',
  async (value) => {
    const refused = createPool({ namespace: value as string });
    await expect(refused).rejects.toThrow(/^namespace is .*; it must be a text of at most 100/);
  },
);

describe('a warning', () => {
  const info = (more: Partial<FunctionInfo>): FunctionInfo => ({
    ...{ id: 'app/a.js#f@1', module: 'file:///app/a.js', max: 1, versioned: true },
    ...more,
  });
  const shared = { ...mapTier(), persistent: true };
  const directory = { ...shared, name: 'disk', directory: '/cache' };
  const meet = (tiers: Tier[], namespace: string, ...infos: FunctionInfo[]) => {
    const met = sharingWarnings(tiers, namespace, new Warnings(new FakeClock()));
    for (const each of infos) met(each);
  };

  test('says once that another service could be answered with what a version has made', () => {
    meet([directory, shared], '', info({}), info({ id: 'app/a.js#g@1' }));
    expect(warned).toEqual([
      expect.stringMatching(/^app\/a\.js#f@1 has a version.*namespace: 'shop'/),
    ]);
  });

  test.each<[string, Tier[], string, Partial<FunctionInfo>]>([
    ['with a namespace', [shared], 'shop', {}],
    ['for a directory alone', [directory], '', {}],
    ['for a function that is known by its code', [shared], '', { versioned: false }],
  ])('is not there %s', (_, tiers, namespace, more) => {
    meet(tiers, namespace, info(more));
    expect(warned).toEqual([]);
  });

  test('says once that a package without a name shares nothing', () => {
    const nameless = { id: '/srv/a.js#f', versioned: false };
    meet([directory], '', info(nameless), info(nameless));
    expect(warned).toEqual([
      expect.stringMatching(/^\/srv\/a\.js#f is known by its absolute path.*'disk'/),
    ]);
  });
});
