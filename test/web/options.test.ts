/** What users say of a route: keys, conditions and tags of their own; and what is refused. */

import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { createPool, invalidateTags, mapTier } from 'threadmemo';
import { cached, type RouteOptions } from 'threadmemo/express';
import { cached as cachedFetch } from 'threadmemo/hono';
import { expect, test } from 'vitest';
import { open as openPool } from '../threads/open.ts';
import { ask, listen } from './sites.ts';

/** A server whose handler answers with its address, and with how often it has run. */
async function serve(options: RouteOptions<IncomingMessage>) {
  let runs = 0;
  const failures: unknown[] = [];
  const route = cached(options);
  const port = await listen(
    createServer((request, response) =>
      route(request, response, (error) => {
        if (error !== undefined) failures.push(error);
        response.end(`${request.url} ${request.headers.authorization} ${++runs}`);
      }),
    ),
  );
  const get = async (path: string, headers: Record<string, string> = {}) =>
    (await ask(port, path, { headers })).body;
  return { route, get, failures };
}

const pathOf = ({ url = '' }: IncomingMessage) => url.split('?')[0];

test('a key of its own leaves out what does not matter', async () => {
  await openPool({ threads: 0 });
  const { get } = await serve({ ttl: '1m', key: pathOf });
  expect(await get('/a?utm_source=x')).toBe('/a?utm_source=x undefined 1');
  expect(await get('/a?utm_source=y')).toBe('/a?utm_source=x undefined 1');
  expect(await get('/b')).toBe('/b undefined 2');
});

test('a key of its own cannot run into the rest of the key', async () => {
  await openPool({ threads: 0 });
  const key = ({ headers }: IncomingMessage) => String(headers['x-key']).replaceAll('|', '\n');
  const { get } = await serve({ ttl: '1m', key });
  await get('/a', { 'x-key': 'k', 'x-host': 'evil' });
  expect(await get('/b', { 'x-key': 'k|x-host:evil' })).toMatch('/b ');
});

test('without a key of its own a request passes', async () => {
  await openPool({ threads: 0 });
  const { get, route } = await serve({ ttl: '1m', key: () => undefined });
  await get('/');
  expect(await get('/')).toBe('/ undefined 2');
  expect(route.stats().passed).toEqual({ key: 2 });
});

test('Authorization is answered from the cache only where the key reads it', async () => {
  await openPool({ threads: 0 });
  const naming = await serve({
    ttl: '1m',
    key: (request) => [pathOf(request), request.headers.authorization],
  });
  const forgetting = await serve({ ttl: '1m', key: pathOf });
  const [a, b] = [{ authorization: 'a' }, { authorization: 'b' }];
  expect(await naming.get('/', a)).toBe('/ a 1');
  expect(await naming.get('/', a)).toBe('/ a 1');
  expect(await naming.get('/', b)).toBe('/ b 2');
  expect(await forgetting.get('/', a)).toBe('/ a 1');
  expect(await forgetting.get('/', b)).toBe('/ b 2');
  expect(await forgetting.get('/')).toBe('/ undefined 3');
  expect(await forgetting.get('/', a)).toBe('/ a 4');
});

test('of a web request too', async () => {
  await openPool({ threads: 0 });
  const handle = (request: Request) => new Response(request.headers.get('authorization'));
  const request = (authorization: string) =>
    new Request('http://x.example/', { headers: { authorization } });
  const naming = cachedFetch<Request>({
    ttl: '1m',
    key: ({ headers }) => headers.get('Authorization'),
  });
  for (const each of ['a', 'b', 'a']) {
    expect(await (await naming(request(each), handle)).text()).toBe(each);
  }
  expect(naming.stats()).toMatchObject({ computations: 2, passed: {} });
});

test('`when` decides, and what it leaves out is counted', async () => {
  await openPool({ threads: 0 });
  const { get, route } = await serve({ ttl: '1m', when: ({ url }) => url !== '/live' });
  for (const _ of [1, 2]) await get('/live');
  for (const _ of [1, 2]) await get('/kept');
  expect(route.stats()).toMatchObject({ computations: 1, passed: { when: 2 } });
});

test('ttl: 0 keeps nothing', async () => {
  await openPool({ threads: 0 });
  const { get } = await serve({ ttl: 0 });
  expect(await get('/')).toBe('/ undefined 1');
  expect(await get('/')).toBe('/ undefined 2');
});

test('what these functions return is checked, and goes to the framework as an error', async () => {
  await openPool({ threads: 0 });
  const { get, failures } = await serve({ ttl: '1m', when: (() => 1) as never });
  await get('/');
  expect(failures).toEqual([
    expect.objectContaining({
      code: 'ERR_THREADMEMO_OPTION',
      message: expect.stringMatching(/true or false/),
    }),
  ]);
});

test('a function for tags sees the request and the response, and what it throws is an answer', async () => {
  await openPool({ threads: 0 });
  const seen: unknown[] = [];
  const good = await serve({
    ttl: '1m',
    tags: ({ url }, { status, headers }) => {
      seen.push([url, status, Object.keys(headers)]);
      return [`page:${url}`];
    },
  });
  await good.get('/');
  expect(await good.get('/')).toBe('/ undefined 1');
  await good.get('/other');
  expect(seen).toEqual([
    ['/', 200, []],
    ['/other', 200, []],
  ]);
  await invalidateTags('page:/');
  expect(await good.get('/')).toBe('/ undefined 3');
  expect(await good.get('/other')).toBe('/other undefined 2');
  const bad = cached({ ttl: '1m', tags: (() => 'a') as never });
  const port = await listen(
    createServer((request, response) => bad(request, response, () => response.end('x'))),
  );
  expect((await ask(port, '/')).status).toBe(500);
});

test('pages go into tiers, and other pools find them there', async () => {
  const tiers = [mapTier()];
  const { get, route } = await serve({ ttl: '1m' });
  const first = await createPool({ threads: 0, tiers });
  expect(await get('/')).toBe('/ undefined 1');
  await first.close();
  await openPool({ threads: 0, tiers });
  expect(await get('/')).toBe('/ undefined 1');
  expect(route.stats()).toMatchObject({ hitsIn: { tiers: 1 }, computations: 0 });
});

test('a tier that outlives the process needs a version, and says so', async () => {
  const lasting = Object.assign(mapTier(), { persistent: true });
  await openPool({ threads: 0, tiers: [lasting] });
  const without = await serve({ ttl: '1m' });
  await without.get('/');
  expect(without.failures).toEqual([expect.objectContaining({ code: 'ERR_THREADMEMO_OPTION' })]);
  const { get, failures } = await serve({ ttl: '1m', name: 'versioned', version: '1' });
  await get('/');
  expect(await get('/')).toBe('/ undefined 1');
  expect(failures).toEqual([]);
});

test('when the cache cannot answer, the handler does', async () => {
  const { get, route } = await serve({ ttl: '1m' });
  await openPool({ threads: 0, maxQueue: 0 });
  expect(await get('/')).toBe('/ undefined 1');
  expect(await get('/')).toMatch(/^\/ undefined/);
  expect(route.stats().errors).toBe(0);
});

test.each<[string, object, RegExp]>([
  ['an unknown option', { tlt: '1m' }, /cached has no option 'tlt'; it has ttl, staleIfError/],
  ['a ttl', { ttl: 'soon' }, /^ttl is 'soon'; it must be milliseconds/],
  [
    'a header',
    { vary: ['accept language'] },
    /^vary\[0\] is 'accept language'; it must be the name/,
  ],
  ['a star', { vary: ['*'] }, /^vary\[0\] is '\*'/],
  ['no list', { vary: 'accept' }, /^vary is 'accept'; it must be a list/],
  ['cookies', { cookies: 'some' }, /^cookies is 'some'; it must be 'bypass', 'ignore', or a list/],
  ['a key', { key: 'path' }, /^key is 'path'; it must be a function/],
  ['when', { when: true }, /^when is true; it must be a function/],
  ['tags', { tags: [1] }, /^tags\[0\] is 1; it must be a text/],
  ['a size', { maxBodySize: 'big' }, /^maxBodySize is 'big'/],
  ['honorNoCache', { honorNoCache: 1 }, /^honorNoCache is 1; it must be true or false/],
  [
    'a version alone',
    { version: '1' },
    /^name is undefined; it must be a text where there is a version/,
  ],
])('%s is refused', (_, options, message) => {
  expect(() => cached(options)).toThrow(message);
  expect(() => cachedFetch(options as never)).toThrow(message);
});

test('a route is called by what was imported and by its name, in every release', () => {
  expect(cached({ name: 'GET /news/:id' }).id).toBe('threadmemo/express#GET /news/:id');
  expect(cachedFetch({ name: 'GET /hono', version: '1' }).id).toMatch(
    /^threadmemo\/hono#GET \/hono@1\/\d+$/,
  );
  expect(cached().id).toMatch(/^threadmemo\/express#route-\d+$/);
});

test('a name is one route’s', () => {
  cached({ name: 'mine' });
  expect(() => cachedFetch({ name: 'mine' })).toThrow(
    /^name is 'mine'; it must be one that no other/,
  );
});
