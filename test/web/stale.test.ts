/** A stale page stands in for a handler that fails, where the response does not forbid it. */

import { createServer } from 'node:http';
import express from 'express';
import { cached } from 'threadmemo/express';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, test } from 'vitest';
import { open as openPool, until } from '../threads/open.ts';
import { gate } from './gate.ts';
import { ask, listen, type Options, open, type Reply, sites } from './sites.ts';

const meanwhile: Options = { ttl: '1m', staleWhileRevalidate: '1h' };
const options: Options = { ttl: '1m', staleIfError: '1h' };
const failed: Reply = { status: 503, body: 'failed' };

/** A site whose handler answers one reply after the other, and time that passes as told. */
async function serve(start: (typeof sites)[string], replies: readonly Reply[], more: Options = {}) {
  const clock = fakeClock();
  await openPool({ threads: 0, clock });
  const site = await open(start, { ...options, ...more }, (_, nth) => replies[nth - 1] ?? failed);
  const get = async () => {
    const { status, body } = await site.get('/');
    return `${status} ${body}`;
  };
  return { clock, site, get };
}

describe.each(Object.entries(sites))('%s', (_, start) => {
  test('it is answered when the handler fails, and the handler is left alone for a while', async () => {
    const { clock, site, get } = await serve(start, [{ body: 'old' }, failed, { body: 'new' }]);
    expect(await get()).toBe('200 old');
    clock.advance('2m');
    const { status, headers, body } = await site.get('/');
    expect([status, body]).toEqual([200, 'old']);
    expect(headers['cache-status']).toBe('threadmemo; fwd=stale; detail="error"');
    expect(await get()).toBe('200 old');
    expect(site.runs).toBe(2);
    clock.advance('11s');
    expect(await get()).toBe('200 new');
    expect(await get()).toBe('200 new');
    expect(site.runs).toBe(3);
  });

  test('beyond the window the failure is the answer', async () => {
    const { clock, get } = await serve(start, [{ body: 'old' }]);
    await get();
    clock.advance('2h');
    expect(await get()).toBe('503 failed');
  });

  test.each(['must-revalidate', 'proxy-revalidate', 's-maxage=600', 'stale-if-error=0'])(
    'not where the response says %s',
    async (directive) => {
      const headers = { 'cache-control': `max-age=600, ${directive}` };
      const { clock, get } = await serve(start, [{ headers, body: 'old' }]);
      await get();
      clock.advance('2m');
      expect(await get()).toBe('503 failed');
    },
  );

  test('an answer that is no failure takes its place: the page is gone', async () => {
    const { clock, get } = await serve(start, [{ body: 'old' }, { status: 410, body: 'gone' }]);
    await get();
    clock.advance('2m');
    expect(await get()).toBe('410 gone');
    expect(await get()).toBe('503 failed');
  });
});

describe.each(Object.entries(sites))('%s, while a new page is made', (_, start) => {
  test('the stale one is answered at once, with its age, and the handler runs once for all', async () => {
    const clock = fakeClock();
    await openPool({ threads: 0, clock });
    const { lift, opened } = gate();
    const site = await open(start, meanwhile, async (seen, nth) => {
      if (nth > 1) await opened;
      return { headers: { 'x-saw': String(seen.header('if-none-match')) }, body: `page ${nth}` };
    });
    expect((await site.get('/a?b=1')).body).toBe('page 1');
    clock.advance('90s');
    const asked = { headers: { 'if-none-match': '"other"' } };
    const stale = await Promise.all(Array.from({ length: 5 }, () => site.get('/a?b=1', asked)));
    for (const { status, body, headers } of stale) {
      expect([status, body]).toEqual([200, 'page 1']);
      expect(headers['age']).toBe('90');
      expect(headers['cache-status']).toBe('threadmemo; hit; ttl=-30');
    }
    await until(() => site.runs === 2);
    expect((await site.get('/a?b=1')).body).toBe('page 1');
    lift();
    await until(() => site.stats().computations === 2 && site.stats().refreshes === 1);
    let now = await site.get('/a?b=1');
    while (now.body === 'page 1') now = await site.get('/a?b=1');
    expect([now.body, now.headers['age'], now.headers['x-saw']]).toEqual([
      'page 2',
      '0',
      'undefined',
    ]);
    expect(site.runs).toBe(2);
    expect(site.stats()).toMatchObject({ failedRefreshes: 0, misses: 1 });
  });

  test('one that fails leaves the stale page, and one that is for one client takes it away', async () => {
    const replies: Reply[] = [
      { body: 'old' },
      failed,
      { headers: { 'set-cookie': 'a=1' }, body: 'own' },
    ];
    const { clock, site, get } = await serve(start, replies, { ...meanwhile, staleIfError: '0ms' });
    await get();
    clock.advance('2m');
    expect(await get()).toBe('200 old');
    await until(() => site.stats().failedRefreshes === 1);
    expect(await get()).toBe('200 old');
    expect(site.runs).toBe(2);
    clock.advance('11s');
    expect(await get()).toBe('200 old');
    await until(() => site.runs === 3 && site.stats().refreshes === 2);
    let now = await get();
    while (now === '200 old') now = await get();
    expect(now).toBe('503 failed');
  });

  test.each(['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'stale-while-revalidate=30'])(
    'not where the response says %s: a request waits for the new one',
    async (directive) => {
      const headers = { 'cache-control': `max-age=60, ${directive}` };
      const replies = [
        { headers, body: 'old' },
        { headers, body: 'new' },
      ];
      const { clock, site, get } = await serve(start, replies, meanwhile);
      await get();
      clock.advance('2m');
      expect(await get()).toBe('200 new');
      expect(site.runs).toBe(2);
    },
  );

  test('beyond the window a request waits for the new one', async () => {
    const { clock, site, get } = await serve(start, [{ body: 'old' }, { body: 'new' }], meanwhile);
    await get();
    clock.advance('2h');
    expect(await get()).toBe('200 new');
    expect(site.runs).toBe(2);
  });
});

test('what stands before the route sees the request that makes a page anew, and may refuse it', async () => {
  const clock = fakeClock();
  await openPool({ threads: 0, clock });
  const route = cached(meanwhile);
  const seen: string[] = [];
  let closesAfter = 9;
  const app = express();
  app.use((message, response, next) => {
    seen.push(`${message.method} ${message.url} ${message.ip} ${message.headers['x-mine']}`);
    if (seen.length <= closesAfter) next();
    else response.status(429).end();
  });
  app.get('/', route, (_, response) => void response.send('page'));
  const port = await listen(createServer(app));
  const headers = { 'x-mine': 'yes' };
  await ask(port, '/', { headers });
  clock.advance('2m');
  // The client's own request is let through, and the one that comes of it is not.
  closesAfter = 2;
  expect((await ask(port, '/', { headers })).body).toBe('page');
  await until(() => route.stats().failedRefreshes === 1);
  expect(seen).toEqual(Array.from({ length: 3 }, () => 'GET / 127.0.0.1 yes'));
});
