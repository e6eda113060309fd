/** A page that costs something while no browser looks, that shows arguments, or that obeys other sites. */

import { hasSubscribers } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request } from 'node:http';
import { createPool, mapTier } from 'threadmemo';
import { type StatusPageOptions, statusPage } from 'threadmemo/page';
import { describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { failing } from '../fixtures/blocking.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { dies, held, holder, listed } from '../fixtures/listed.ts';
import { increment } from '../fixtures/quick.ts';
import { tagged } from '../fixtures/tagged.ts';
import { open, rejection, until } from '../threads/open.ts';
import { eventsOf, nodeSite, sites, snapshot } from './sites.ts';

const TIER_CHANNEL = 'tracing:threadmemo.tier:start';

describe.each(variants(Object.entries(sites), 3))('on %s', (_, start) => {
  test('there are the page, its events and its actions', async () => {
    const pool = await open({ threads: 1 });
    const { url } = await start(statusPage(pool, { actions: true }));
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    expect(html).toContain('<title>threadmemo</title>');

    await increment(1, fresh('shown'));
    const events = await eventsOf(url);
    expect(events.response.headers.get('content-type')).toContain('text/event-stream');
    const { functions } = await snapshot(events);
    expect(functions).toMatchObject([{ id: increment.id, calls: 1, computations: 1, near: 0 }]);

    const headers = { 'x-threadmemo-token': tokenIn(html) };
    const cleared = await fetch(`${url}?action=clear`, { method: 'POST', headers });
    expect([cleared.status, await cleared.text()]).toEqual([200, 'Done.\n']);
    expect(pool.stats().entries).toBe(0);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('its streams end with the pool, and there are no more', async () => {
    const pool = await createPool({ threads: 1 });
    const { url } = await start(statusPage(pool));
    const events = await eventsOf(url);
    await snapshot(events);
    const other = await eventsOf(url);
    const states: string[] = [];
    const all = (async () => {
      for await (const { state } of other) states.push(state);
    })();
    await until(() => states.length > 0);
    await pool.close();
    await all;
    expect(states.at(-1)).toBe('closed');
    expect((await fetch(`${url}?events`)).status).toBe(503);
    expect((await fetch(url)).status).toBe(200);
  });
});

test.each(variants(['node:http', 'express', 'fastify', 'hono'], 1))(
  'a server of %s that is closed waits for no viewer',
  async (name) => {
    const pool = await open({ threads: 1 });
    const { url, server } = await (sites[name] as (typeof sites)[string])(statusPage(pool));
    const events = await eventsOf(url);
    const ended = (async () => {
      for await (const _ of events);
    })();
    const closed = once(server, 'close');
    server.close();
    await Promise.all([ended, closed]);
  },
);

test.runIf(inFull)(
  'nothing is watched without a viewer, and nothing any more when the last has gone',
  async () => {
    const pool = await open({ threads: 1, tiers: [mapTier()] });
    const { url } = await nodeSite(statusPage(pool));
    await increment(1, fresh('unseen'));
    expect(hasSubscribers(TIER_CHANNEL)).toBe(false);
    const [first, second] = [await eventsOf(url), await eventsOf(url)];
    expect(hasSubscribers(TIER_CHANNEL)).toBe(true);
    const seen = snapshot(second, ({ tiers }) => tiers[0]?.latency != null);
    await increment(1, fresh('seen'));
    expect((await seen).tiers).toMatchObject([{ name: 'map', up: true, failures: 0 }]);
    first.leave();
    expect(hasSubscribers(TIER_CHANNEL)).toBe(true);
    second.leave();
    await until(() => !hasSubscribers(TIER_CHANNEL));
  },
);

test.each([false, true])('keys are shown only if they are to be: %s', async (showKeys) => {
  const pool = await open({ threads: 2 });
  const { url } = await nodeSite(statusPage(pool, { showKeys }));
  const gate = fresh('held');
  const call = holder(gate, 'a secret');
  await reaches(`${gate}:started`, 1);
  const events = await eventsOf(url);
  const { flights } = await snapshot(events);
  const outer = flights.find(({ functionId }) => functionId === holder.id);
  const inner = flights.findIndex(({ functionId }) => functionId === held.id);
  expect(outer).toMatchObject({ state: 'leased', waiters: 1, waitsFor: [inner] });
  expect(flights[inner]?.waitsFor).toEqual([]);
  expect(outer?.key).toBe(showKeys ? holder.key(gate, 'a secret') : undefined);
  expect(JSON.stringify(flights).includes('a secret')).toBe(showKeys);
  lift(gate);
  await call;
});

test.runIf(inFull)('errors, lost threads and samples of what threads do', async () => {
  const pool = await open({ threads: 1, attempts: 1 });
  const { url } = await nodeSite(statusPage(pool));
  await rejection(failing(fresh('page')));
  await rejection(dies(fresh('page')));
  const { findings, threads } = await snapshot(
    await eventsOf(url),
    (seen) => seen.threads.lost > 0 && seen.threads.samples.some(({ states }) => states.length > 0),
  );
  expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['errors', 'threads']));
  expect(findings.map(({ text }) => text).join()).toContain('1 of 1 computations of failing');
  expect(threads).toMatchObject({ wanted: 1, lost: 1 });
});

test.runIf(inFull)('a hundred flights at most, however many there are', async () => {
  const pool = await open({ threads: 1 });
  const { url } = await nodeSite(statusPage(pool));
  const gate = fresh('many');
  const calls = Array.from({ length: 1000 }, (_, n) => rejection(held(gate, String(n))));
  await reaches(`${gate}:started`, 1);
  const { flights, queued } = await snapshot(await eventsOf(url), (seen) => seen.queued > 0);
  expect(flights).toHaveLength(100);
  expect(flights[0]?.state).toBe('leased');
  expect(queued).toBeGreaterThan(100);
  await pool.close();
  await Promise.all(calls);
});

describe('actions', () => {
  async function withActions(options: StatusPageOptions = { actions: true }) {
    const pool = await open({ threads: 1 });
    const { url } = await nodeSite(statusPage(pool, options));
    const html = await (await fetch(url)).text();
    const post = (query: string, headers: Record<string, string> = {}) =>
      fetch(`${url}?${query}`, { method: 'POST', headers });
    return { pool, url, html, post };
  }

  test('there are none unless they are allowed, and no token either', async () => {
    const { html, post } = await withActions({});
    expect(html).not.toContain('data-token');
    const answer = await post('action=clear', { 'x-threadmemo-token': '' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('need the token, which another page does not have', async () => {
    const { pool, html, post } = await withActions();
    await increment(1, fresh('kept'));
    const [one, other] = [tokenIn(html), (await withActionsOfAnother(pool)).token];
    const refused = [
      {},
      { 'x-threadmemo-token': '' },
      { 'x-threadmemo-token': 'f'.repeat(one.length) },
      { 'x-threadmemo-token': other },
      { 'x-threadmemo-token': one, 'sec-fetch-site': 'cross-site' },
      { 'x-threadmemo-token': one, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of refused) expect((await post('action=clear', headers)).status).toBe(403);
    expect(pool.stats().entries).toBe(1);
    const own = { 'x-threadmemo-token': one, 'sec-fetch-site': 'same-origin' };
    expect((await post('action=clear', own)).status).toBe(200);
    expect(pool.stats().entries).toBe(0);
  });

  test('forget or expire one key, one function, or one tag, and say what is wrong', async () => {
    const { html, post } = await withActions();
    const headers = { 'x-threadmemo-token': tokenIn(html) };
    const act = async (action: string, what: Record<string, string> = {}) =>
      (await post(`${new URLSearchParams({ action, ...what })}`, headers)).status;
    const [one, other] = [fresh('one'), fresh('other')];
    for (const cell of [one, other]) await increment(1, cell);
    expect(await act('invalidate', { key: increment.key(1, one) })).toBe(200);
    expect([increment.has(1, one), increment.has(1, other)]).toEqual([false, true]);
    expect(await act('expire', { key: increment.key(1, other) })).toBe(200);
    expect(increment.has(1, other)).toBe(false);
    await tagged(one, 'a tag');
    expect(await act('invalidate', { tag: 'a tag' })).toBe(200);
    expect(tagged.has(one, 'a tag')).toBe(false);
    await increment(1, one);
    await tagged(one, 'a tag');
    expect(await act('clear', { function: increment.id })).toBe(200);
    expect([increment.has(1, one), tagged.has(one, 'a tag')]).toEqual([false, true]);
    expect(await act('clear', { function: 'no#function' })).toBe(404);
    expect(await act('invalidate', { key: 'no#function()' })).toBe(404);
    expect(await act('invalidate', { key: increment.id })).toBe(404);
    expect(await act('invalidate')).toBe(400);
    expect(await act('destroy')).toBe(400);
  });

  async function withActionsOfAnother(pool: Parameters<typeof statusPage>[0]) {
    const { url } = await nodeSite(statusPage(pool, { actions: true }));
    return { token: tokenIn(await (await fetch(url)).text()) };
  }
});

test('nothing but what stands in the page may run, or be loaded', async () => {
  const pool = await open({ threads: 0 });
  const { url } = await nodeSite(statusPage(pool));
  const page = await fetch(url);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toMatch(/script-src 'sha256-[\w+/=]+';/);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const addresses = (await page.text()).match(/(?:src|href|url\()=?["'(]?https?:[^"')]*/g);
  expect(addresses).toBeNull();
});

test('wrong options, and what is no pool', async () => {
  const pool = await open({ threads: 0 });
  const wrong = (run: () => unknown) =>
    expect(run).toThrow(expect.objectContaining({ code: 'ERR_THREADMEMO_OPTION' }));
  wrong(() => statusPage({} as never));
  wrong(() => statusPage(undefined as never));
  wrong(() => statusPage(pool, { actions: 'yes' } as never));
  wrong(() => statusPage(pool, { showKeys: 1 } as never));
  wrong(() => statusPage(pool, { action: true } as never));
});

test.runIf(inFull)('a viewer that does not read keeps nothing waiting', async () => {
  const pool = await open({ threads: 1 });
  for (const each of listed) await each(1);
  const { url, server } = await nodeSite(statusPage(pool));
  const silent = request(`${url}?events`);
  const [response] = (await once(silent.end(), 'response')) as [NodeJS.ReadableStream];
  response.pause();
  const events = await eventsOf(url);
  let seen = 0;
  await snapshot(events, () => ++seen === 3);
  expect(await new Promise((resolve) => server.getConnections((_, all) => resolve(all)))).toBe(2);
  silent.destroy();
});

function tokenIn(html: string): string {
  const [, token] = /data-token="([0-9a-f]{48})"/.exec(html) ?? [];
  if (!token) throw new Error('there is no token in the page');
  return token;
}
