/** `pool.report()`: says which memos do not pay, and of none that pays; and what asynchronous functions only awaited. */

import type { MemoFinding, PoolReport } from 'threadmemo';
import { expect, test } from 'vitest';
import * as losers from '../fixtures/losers.ts';
import { open, until } from '../threads/open.ts';

const options = { threads: 1, maxSize: '4mb' } as const;

const nameOf = ({ functionId }: MemoFinding) => functionId.slice(functionId.lastIndexOf('#') + 1);

/** Each loser found, by its name. */
function byName({ findings }: PoolReport): Record<string, MemoFinding> {
  return Object.fromEntries(findings.map((each) => [nameOf(each), each]));
}

async function plant(): Promise<void> {
  const { countItems, page, shout, film, render, thumb, pays, paysNested, rare } = losers;
  const items = Array.from({ length: 2000 }, (_, n) => ({ n, name: `item ${n}` }));
  for (let n = 0; n < 100; n++) await countItems(items);
  for (let n = 0; n < 60; n++) await page({ now: Date.now() + n, path: '/' });
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(shout));
  for (let n = 0; n < 6; n++) await film('Metropolis');
  for (let n = 0; n < 120; n++) await render(n % 24);
  for (let n = 0; n < 25; n++) {
    await thumb(1);
    await until(() => !thumb.has(1));
  }
  for (let n = 0; n < 100; n++) await pays(n % 10);
  for (let n = 0; n < 100; n++) await paysNested(n % 10);
  for (let n = 0; n < 20; n++) await rare(n);
}

test('six planted losers are found, and nothing else', async () => {
  const pool = await open(options);
  await plant();
  const report = pool.report();
  const found = byName(report);
  expect(Object.fromEntries(Object.entries(found).map(([name, { kind }]) => [name, kind]))).toEqual(
    {
      countItems: 'too cheap',
      page: 'changing key',
      shout: 'list callback',
      film: 'too large',
      render: 'evicted',
      thumb: 'expired',
    },
  );
  expect(report.findings).toHaveLength(6);
  expect(found['countItems']?.text).toMatch(
    /^`countItems` loses .+ an hour: it takes .+ and its memo .+; remove it\.$/,
  );
  expect(found['page']).toMatchObject({ option: 'key', path: 'args[0].now' });
  expect(found['page']?.text).toMatch(
    /^`key` of `page` has a timestamp in args\[0\]\.now: no call in 60 was a hit\./,
  );
  expect(found['film']).toMatchObject({ option: 'maxSize', value: '32mb' });
  expect(found['render']).toMatchObject({ option: 'max', value: '32' });
  expect(found['render']?.text).toMatch(
    / % of the misses of `render` are evictions: `max: 32` would have saved /,
  );
  expect(found['thumb']?.text).toMatch(
    /^96 % of the misses of `thumb` are expiries: `staleWhileRevalidate` would hide /,
  );
  for (const each of report.findings) expect(report.text).toContain(`- ${each.text}`);
});

test('a function that has stale answers already is not told to have some', async () => {
  const pool = await open(options);
  for (let n = 0; n < 25; n++) {
    await losers.briefly(1);
    await until(() => !losers.briefly.has(1));
  }
  const { briefly } = byName(pool.report());
  expect(briefly).toMatchObject({ kind: 'expired', option: 'staleWhileRevalidate' });
  expect(briefly?.text).toContain('are expiries: a longer `staleWhileRevalidate` would hide ');
});

test.each([
  ['in a thread', losers.fetched],
  ['on the thread that asks', losers.fetchedHere],
])('%s: what a function only awaits is told beside what it spends', async (_, fetched) => {
  const pool = await open(options);
  await fetched(1);
  const { computeMsSpent, computeMsAwaited } = fetched.stats();
  expect(computeMsSpent).toBeGreaterThan(45);
  expect(computeMsAwaited).toBeGreaterThan(0);
  expect(computeMsAwaited).toBeLessThan(computeMsSpent);
  expect(pool.report().functions[0]).toMatchObject({ computeMsSpent, computeMsAwaited });
});

test('a function that does not await has awaited nothing', async () => {
  await open(options);
  await losers.pays(1);
  expect(losers.pays.stats()).toMatchObject({ computeMsAwaited: 0 });
});

test('calls in threads are measured as well', async () => {
  const pool = await open(options);
  await losers.paysNested(1);
  await losers.paysNested(2);
  const [nested] = pool.report().functions.filter(({ id }) => id === losers.pays.id);
  expect(nested?.memo?.missMs).toBeGreaterThan(0);
});

test('a pool that was called nothing says so', async () => {
  const pool = await open(options);
  expect(pool.report()).toMatchObject({ functions: [], findings: [] });
  expect(pool.report().text).toContain('no memoized function was called');
});
