/** What a cached route promises on every framework. */

import { invalidateTags } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { promised, variants } from '../effort.ts';
import { openForAll, until } from '../threads/open.ts';
import { gate } from './gate.ts';
import { open, sites } from './sites.ts';

openForAll({ threads: 0 });
const minute = { ttl: '1m' } as const;

describe.each(variants(Object.entries(sites), 3))('%s', (name, start) => {
  const isWeb = name === 'hono' || name === 'fetch';

  test('a crowd of requests for a new page runs the handler once', async () => {
    const { lift, opened } = gate();
    const site = await open(start, minute, async (_, nth) => {
      await opened;
      return { headers: { 'x-nth': String(nth) }, body: 'page' };
    });
    const crowd = promised(1000, 100);
    const asked = Array.from({ length: crowd }, () => site.get('/'));
    await until(() => site.stats().waits === crowd - 1);
    lift();
    const got = await Promise.all(asked);
    expect(site.runs).toBe(1);
    expect(new Set(got.map(({ body, headers }) => `${body} ${headers['x-nth']}`))).toEqual(
      new Set(['page 1']),
    );
    const statuses = got.map(({ headers }) => headers['cache-status']);
    expect(statuses.filter((it) => it === 'threadmemo; fwd=uri-miss; stored')).toHaveLength(1);
    expect((await site.get('/')).headers['cache-status']).toMatch(/^threadmemo; hit; ttl=\d+$/);
  });

  test('when it turns out not to be for all, each runs the handler, and so do those who come after', async () => {
    const [first, second] = [gate(), gate()];
    const site = await open(start, minute, async (_, nth) => {
      await (nth <= 5 ? first : second).opened;
      return { headers: { 'set-cookie': `id=${nth}` }, body: `${nth}` };
    });
    const asked = Array.from({ length: 5 }, () => site.get('/'));
    await until(() => site.stats().waits === 4);
    expect(site.runs).toBe(1);
    first.lift();
    const got = await Promise.all(asked);
    expect(got.map(({ body }) => body).sort()).toEqual(['1', '2', '3', '4', '5']);
    for (const { body, headers } of got) expect(headers['set-cookie']).toEqual([`id=${body}`]);
    const later = Array.from({ length: 2 }, () => site.get('/'));
    // Both are in the handler: neither waits for the other.
    await until(() => site.runs === 7);
    second.lift();
    expect((await Promise.all(later)).map(({ body }) => body).sort()).toEqual(['6', '7']);
    expect(site.stats().passed).toEqual({ 'set-cookie': 7 });
  });

  test('when it fails, each runs the handler, and the next success is kept', async () => {
    const { lift, opened } = gate();
    const site = await open(start, minute, async (_, nth) => {
      await opened;
      return nth <= 3 ? { status: 503, body: `failed ${nth}` } : { body: 'well' };
    });
    const asked = Array.from({ length: 3 }, () => site.get('/'));
    await until(() => site.stats().waits === 2);
    lift();
    const bodies = (await Promise.all(asked)).map(({ body }) => body);
    expect(bodies.sort()).toEqual(['failed 1', 'failed 2', 'failed 3']);
    expect((await site.get('/')).body).toBe('well');
    expect((await site.get('/')).body).toBe('well');
    expect(site.runs).toBe(4);
  });

  test('HEAD is answered from a kept GET, and a kept HEAD answers no GET', async () => {
    const site = await open(start, minute, ({ url }) => ({
      headers: { 'x-url': url },
      body: 'four',
    }));
    const first = await site.get('/head', { method: 'HEAD' });
    expect([first.status, first.body, first.headers['x-url']]).toEqual([200, '', '/head']);
    await site.get('/head', { method: 'HEAD' });
    expect(site.runs).toBe(1);
    const page = await site.get('/head');
    expect(page.body).toBe('four');
    expect(site.runs).toBe(2);
    const head = await site.get('/head', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '4']);
    expect(head.headers.etag).toBe(page.headers.etag);
    expect(site.runs).toBe(2);
  });

  test('a client that has the page gets a 304 with what must come with it', async () => {
    const headers = {
      'cache-control': 'max-age=60',
      'content-type': 'text/plain',
      'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT',
      vary: 'accept',
      'x-own': '1',
    };
    const site = await open(start, { ttl: '1m', vary: ['accept'] }, () => ({
      headers,
      body: 'page',
    }));
    const { etag = '' } = (await site.get('/')).headers;
    expect(etag).toMatch(/^W\/"/);
    const asking = [
      { 'if-none-match': etag },
      { 'if-none-match': `"other", ${etag.slice(2)}` },
      { 'if-none-match': '*' },
      { 'if-modified-since': 'Mon, 02 Nov 2026 00:00:00 GMT' },
    ];
    for (const conditions of asking) {
      const { status, headers: got, body } = await site.get('/', { headers: conditions });
      expect([status, body]).toEqual([304, '']);
      expect(got).toMatchObject({
        etag,
        'cache-control': 'max-age=60',
        vary: 'accept',
        'x-own': '1',
      });
      expect(got.date).toBeDefined();
      expect(got['content-type']).toBeUndefined();
    }
    const others = [
      { 'if-none-match': '"other"', 'if-modified-since': 'Mon, 02 Nov 2026 00:00:00 GMT' },
      { 'if-modified-since': 'Sat, 31 Oct 2026 00:00:00 GMT' },
      { 'if-modified-since': 'never' },
    ];
    for (const conditions of others) {
      expect((await site.get('/', { headers: conditions })).status).toBe(200);
    }
    expect(site.runs).toBe(1);
  });

  test('a handler that runs for all sees no condition of the client that was first', async () => {
    const site = await open(start, minute, ({ header }) =>
      header('if-none-match') === undefined
        ? { headers: { etag: '"1"' }, body: 'page' }
        : { status: 304 },
    );
    expect((await site.get('/', { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
    expect((await site.get('/')).body).toBe('page');
    expect(site.runs).toBe(1);
  });

  test('an ETag of the handler’s own stays as it is', async () => {
    const site = await open(start, minute, () => ({ headers: { etag: '"a, b"' }, body: 'page' }));
    expect((await site.get('/')).headers.etag).toBe('"a, b"');
    expect((await site.get('/')).headers.etag).toBe('"a, b"');
    expect((await site.get('/', { headers: { 'if-none-match': 'W/"x", "a, b"' } })).status).toBe(
      304,
    );
    expect((await site.get('/', { headers: { 'if-none-match': '"a"' } })).status).toBe(200);
  });

  test('status, headers that come twice, and bytes are kept as they were', async () => {
    const bytes = Buffer.from([0, 255, 128, 10, 13, 195, 40]);
    const site = await open(start, minute, () => ({
      status: 203,
      headers: { link: ['</a>; rel=x', '</b>; rel=y'], 'content-type': 'application/octet-stream' },
      body: bytes,
    }));
    const [first, second] = [await site.get('/'), await site.get('/')];
    for (const { status, headers, body } of [first, second]) {
      expect(status).toBe(203);
      expect(headers['link']).toBe('</a>; rel=x, </b>; rel=y');
      expect(headers['content-type']).toBe('application/octet-stream');
      expect(body).toBe(bytes.toString());
    }
    expect(site.runs).toBe(1);
  });

  test('204 has no body and no length', async () => {
    const site = await open(start, minute, () => ({ status: 204 }));
    await site.get('/');
    const { status, headers, body } = await site.get('/');
    expect([status, body, headers['content-length']]).toEqual([204, '', undefined]);
    expect(site.runs).toBe(1);
  });

  test('an address with a host in it poisons nothing', async () => {
    const site = await open(start, minute, ({ header, url }) => ({
      body: `${header('host')} ${url}`,
    }));
    await site.get('http://evil.example/page', { headers: { host: 'good.example' } });
    expect((await site.get('/page', { headers: { host: 'good.example' } })).body).toBe(
      'good.example /page',
    );
    if (!isWeb) expect(site.stats().passed).toEqual({ target: 1 });
  });

  test('what it answers is found by its tag, and cleared with the route', async () => {
    const site = await open(start, { ttl: '1m', tags: ['news'] }, (_, nth) => ({ body: `${nth}` }));
    await site.get('/');
    await invalidateTags('sports');
    expect((await site.get('/')).body).toBe('1');
    await invalidateTags('news');
    expect((await site.get('/')).body).toBe('2');
    await site.clear();
    expect((await site.get('/')).body).toBe('3');
    expect((await site.get('/')).body).toBe('3');
  });

  test('cleared while the handler runs: it answers those who asked before, and no other', async () => {
    const { lift, opened } = gate();
    const site = await open(start, minute, async (_, nth) => {
      await opened;
      return { body: `${nth}` };
    });
    const before = site.get('/');
    await until(() => site.runs === 1);
    await site.clear();
    const after = site.get('/');
    await until(() => site.runs === 2);
    lift();
    expect([(await before).body, (await after).body]).toEqual(['1', '2']);
    expect((await site.get('/')).body).toBe('2');
  });

  test.skipIf(isWeb)(
    'its client goes: the handler of another request runs for the rest',
    async () => {
      const { lift, opened } = gate();
      const left = new AbortController();
      const site = await open(start, minute, async (_, nth) => {
        if (nth === 1) await new Promise(() => {});
        await opened;
        return { body: `${nth}` };
      });
      const gone = fetch(`http://127.0.0.1:${site.port}/`, { signal: left.signal });
      await until(() => site.runs === 1);
      const asked = [site.get('/'), site.get('/')];
      await until(() => site.stats().waits >= 2);
      left.abort();
      await expect(gone).rejects.toThrow();
      await until(() => site.runs === 2);
      lift();
      expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(['2', '2']);
      expect(site.runs).toBe(2);
    },
  );
});
