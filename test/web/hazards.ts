/**
 * What goes wrong with caches of web responses: RFC 9111 (sections 3 and 4), RFC 9213, and the known ways
 * to poison a shared cache, or to have it give away what it should not. Each is one handler, and requests
 * after which no client has what was not meant for it, and nothing was made twice without need.
 */

import { expect } from 'vitest';
import type { Asked, Handle, Options, Site } from './sites.ts';

export interface Hazard {
  readonly options?: Options;
  readonly handle: Handle;
  readonly check: (site: Site) => Promise<void>;
}

const minute: Options = { ttl: '1m' };
const host = { host: 'site.example' };

/** Two requests, and how often the handler ran. */
async function runsOf(site: Site, one: Asked = {}, two: Asked = one, path = '/'): Promise<number> {
  const before = site.runs;
  await site.get(path, { ...one, headers: { ...host, ...one.headers } });
  await site.get(path, { ...two, headers: { ...host, ...two.headers } });
  return site.runs - before;
}

/** A response with these headers is not kept. */
function notKept(headers: Record<string, string | string[]>, reason: string, status = 200): Hazard {
  return {
    handle: () => ({ status, headers, body: 'made for one' }),
    async check(site) {
      expect(await runsOf(site)).toBe(2);
      expect(site.stats().entries).toBeLessThanOrEqual(1);
      expect(site.stats().passed).toEqual({ [reason]: 2 });
    },
  };
}

/** A response with these headers is kept. */
function kept(headers: Record<string, string | string[]>, options: Options = minute): Hazard {
  return {
    options,
    handle: () => ({ headers, body: 'made for all' }),
    async check(site) {
      expect(await runsOf(site)).toBe(1);
    },
  };
}

/** A request with these headers is neither answered from the cache, nor is its response kept. */
function passes(asked: Asked, reason: string, options: Options = minute): Hazard {
  return {
    options,
    handle: ({ header }) => ({ body: `for ${header('x-client') ?? 'all'}` }),
    async check(site) {
      const special = { ...asked, headers: { ...asked.headers, 'x-client': 'one' } };
      expect(
        (await site.get('/', { ...special, headers: { ...host, ...special.headers } })).status,
      ).toBe(200);
      expect((await site.get('/', { headers: host })).body).toBe('for all');
      const again = await site.get('/', { ...special, headers: { ...host, ...special.headers } });
      if (asked.method !== 'HEAD') expect(again.body).toBe('for one');
      expect(site.runs).toBe(3);
      expect(site.stats().passed).toEqual({ [reason]: 2 });
    },
  };
}

/** The handler's answer depends on the header, and each value gets its own. */
function keyed(
  header: string,
  options: Options = minute,
  values = ['a.example', 'b.example'],
): Hazard {
  return {
    options,
    handle: (seen) => ({ body: `<a href="//${seen.header(header)}/">` }),
    async check(site) {
      for (const value of [...values, ...values]) {
        const { body } = await site.get('/', { headers: { ...host, [header]: value } });
        expect(body).toBe(`<a href="//${value}/">`);
      }
      expect((await site.get('/', { headers: header === 'host' ? {} : host })).body).not.toContain(
        '.example/',
      );
      expect(site.runs).toBe(values.length + 1);
    },
  };
}

/** Addresses that no cache may take for the same, each with its own answer. */
function different(...paths: string[]): Hazard {
  return {
    handle: ({ url }) => ({ body: url }),
    async check(site) {
      for (const path of [...paths, ...paths]) {
        expect((await site.get(path, { headers: host })).body).toBe(path);
      }
      expect(site.runs).toBe(paths.length);
    },
  };
}

/** Addresses that mean the same. */
function same(...paths: string[]): Hazard {
  return {
    handle: () => ({ body: 'x' }),
    async check(site) {
      for (const path of paths) await site.get(path, { headers: host });
      expect(site.runs).toBe(1);
    },
  };
}

export const storing: Record<string, Hazard> = {
  'a new session cookie is given to all': notKept({ 'set-cookie': 'session=1' }, 'set-cookie'),
  'several cookies are given to all': notKept({ 'set-cookie': ['a=1', 'b=2'] }, 'set-cookie'),
  'Cache-Control: private': notKept({ 'cache-control': 'max-age=60, private' }, 'private'),
  'private with field names': notKept({ 'cache-control': 'private="x-name"' }, 'private'),
  'Cache-Control: no-store': notKept({ 'cache-control': 'no-store' }, 'no-store'),
  'no-store in capitals, behind a quoted comma': notKept(
    { 'cache-control': 'x="a, b",NO-STORE' },
    'no-store',
  ),
  'no-cache, which wants to be asked each time': notKept(
    { 'cache-control': 'no-cache' },
    'no-cache',
  ),
  'no-cache beside max-age': notKept({ 'cache-control': 'max-age=60, no-cache="a"' }, 'no-cache'),
  'CDN-Cache-Control: no-store': notKept({ 'cdn-cache-control': 'no-store' }, 'no-store'),
  'CDN-Cache-Control permits what Cache-Control forbids': notKept(
    { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' },
    'no-store',
  ),
  'CDN-Cache-Control has a shorter life': notKept(
    { 'cdn-cache-control': 'max-age=0', 'cache-control': 'max-age=60' },
    'expired',
  ),
  'max-age=0': notKept({ 'cache-control': 'max-age=0' }, 'expired'),
  's-maxage counts before max-age': notKept(
    { 'cache-control': 's-maxage=0, max-age=60' },
    'expired',
  ),
  's-maxage counts before max-age, the other way round': kept({
    'cache-control': 'max-age=0, s-maxage=60',
  }),
  'max-age is no number': notKept({ 'cache-control': 'max-age=soon' }, 'expired'),
  'max-age is negative': notKept({ 'cache-control': 'max-age=-5' }, 'expired'),
  'max-age twice: the shorter counts': notKept(
    { 'cache-control': 'max-age=60, max-age=0' },
    'expired',
  ),
  'max-age in quotes is a number all the same': kept({ 'cache-control': 'max-age="60"' }),
  'max-age beyond all numbers': kept({ 'cache-control': 'max-age=99999999999999999999' }),
  'it was old already when it came here': notKept(
    { 'cache-control': 'max-age=60', age: '60' },
    'expired',
  ),
  'Expires is no date': notKept({ expires: '0' }, 'expired'),
  'Expires has passed': notKept(
    { expires: 'Thu, 01 Jan 2026 00:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:01 GMT' },
    'expired',
  ),
  'max-age counts before Expires': kept({ expires: '0', 'cache-control': 'max-age=60' }),
  'Vary: *': notKept({ vary: '*' }, 'vary: *'),
  'Vary names a header that is not in the key': notKept(
    { vary: 'Accept-Language' },
    'vary: accept-language',
  ),
  'Vary names one of two': {
    ...notKept({ vary: 'accept, x-tenant' }, 'vary: x-tenant'),
    options: { ttl: '1m', vary: ['Accept'] },
  },
  'Vary: Cookie, with cookies ignored': {
    ...notKept({ vary: 'Cookie' }, 'vary: cookie'),
    options: { ttl: '1m', cookies: 'ignore' },
  },
  'Vary names what is in the key': kept(
    { vary: 'ACCEPT-LANGUAGE' },
    { ttl: '1m', vary: ['Accept-Language'] },
  ),
  'Content-Encoding for one client': notKept({ 'content-encoding': 'gzip' }, 'content-encoding'),
  'a Content-Security-Policy with a nonce': notKept(
    { 'content-security-policy': "script-src 'nonce-r4nd0m'" },
    'nonce',
  ),
  'Clear-Site-Data': notKept({ 'clear-site-data': '"cache"' }, 'clear-site-data'),
  'a stream of events without an end': notKept({ 'content-type': 'text/event-stream' }, 'stream'),
  'a part of a body': notKept({ 'content-range': 'bytes 0-3/10' }, 'content-range', 206),
  'a status that says no': notKept({}, 'status', 404),
  'a status that says not now': notKept({}, 'status', 429),
  'a redirection, which may depend on anything': notKept({ location: '/there' }, 'status', 302),
  'a failure': notKept({}, 'status', 500),
  'a failure that says it lasts': notKept({ 'cache-control': 'max-age=600' }, 'status', 503),
  'no time is said by any side': { ...notKept({}, 'no lifetime'), options: {} },
  'the response alone says how long': kept({ 'cache-control': 'max-age=60' }, {}),

  'a body that is too large': {
    options: { ttl: '1m', maxBodySize: 10 },
    handle: () => ({ body: '0123456789+' }),
    async check(site) {
      expect((await site.get('/')).body).toBe('0123456789+');
      expect((await site.get('/')).body).toBe('0123456789+');
      expect(site.runs).toBe(2);
      expect(site.stats().passed).toEqual({ size: 2 });
    },
  },
  'a stream that becomes too large': {
    options: { ttl: '1m', maxBodySize: 10 },
    handle: () => ({ body: ['01234', '56789', '+', 'more'] }),
    async check(site) {
      expect((await site.get('/')).body).toBe('0123456789+more');
      expect((await site.get('/')).body).toBe('0123456789+more');
      expect(site.runs).toBe(2);
    },
  },
  'a stream is kept whole': {
    options: minute,
    handle: () => ({ body: ['0123', '4567', '', '8'] }),
    async check(site) {
      expect((await site.get('/')).body).toBe('012345678');
      expect((await site.get('/')).body).toBe('012345678');
      expect(site.runs).toBe(1);
    },
  },
  'after a failure the next success is kept': {
    options: minute,
    handle: (_, nth) => (nth === 1 ? { status: 500, body: 'no' } : { body: 'yes' }),
    async check(site) {
      expect((await site.get('/')).body).toBe('no');
      expect((await site.get('/')).body).toBe('yes');
      expect((await site.get('/')).body).toBe('yes');
      expect(site.runs).toBe(2);
    },
  },
};

export const asking: Record<string, Hazard> = {
  'what one user may see is given to another: Authorization': passes(
    { headers: { authorization: 'Bearer a' } },
    'authorization',
  ),
  'Authorization, though the response says public': {
    ...passes({ headers: { authorization: 'Bearer a' } }, 'authorization'),
    handle: ({ header }) => ({
      headers: { 'cache-control': 'public, max-age=60' },
      body: `for ${header('x-client') ?? 'all'}`,
    }),
  },
  'Authorization that is in the key': keyed('authorization', {
    ttl: '1m',
    vary: ['authorization'],
  }),
  'a request with a cookie': passes({ headers: { cookie: 'session=a' } }, 'cookie'),
  'a cookie that is in the key as a header': keyed('cookie', { ttl: '1m', vary: ['cookie'] }, [
    'a=1.example',
    'a=2.example',
  ]),
  'a part of the body is asked for': passes({ headers: { range: 'bytes=0-1' } }, 'range'),
  'a condition that only the handler knows': passes(
    { headers: { 'if-match': '"a"' } },
    'precondition',
  ),
  'the method is another one by a header': passes(
    { headers: { 'x-http-method-override': 'DELETE' } },
    'method override',
  ),
  'the method is another one by another header': passes(
    { headers: { 'x-method-override': 'POST' } },
    'method override',
  ),
  POST: passes({ method: 'POST', body: '' }, 'method'),
  'GET with a body that the handler may read': passes(
    { headers: { 'content-length': '2' }, body: 'q=' },
    'body',
  ),
  'a client may keep a page to itself: no-store': {
    options: minute,
    handle: () => ({ body: 'x' }),
    async check(site) {
      expect(await runsOf(site, { headers: { 'cache-control': 'no-store' } })).toBe(2);
      expect(site.stats().entries).toBe(0);
      expect(await runsOf(site)).toBe(1);
      // What is there already may be used.
      expect(await runsOf(site, { headers: { 'cache-control': 'no-store' } })).toBe(0);
    },
  },
  'a client can have the handler run at will: no-cache': {
    options: minute,
    handle: () => ({ body: 'x' }),
    async check(site) {
      expect(
        await runsOf(site, {}, { headers: { 'cache-control': 'no-cache', pragma: 'no-cache' } }),
      ).toBe(1);
      expect(await runsOf(site, {}, { headers: { 'cache-control': 'max-age=0' } })).toBe(0);
    },
  },
  'no-cache that is honoured': {
    options: { ttl: '1m', honorNoCache: true },
    handle: () => ({ body: 'x' }),
    async check(site) {
      expect(await runsOf(site, {}, { headers: { 'cache-control': 'no-cache' } })).toBe(2);
      expect(await runsOf(site)).toBe(0);
    },
  },
};

export const poisoning: Record<string, Hazard> = {
  Host: keyed('host'),
  'X-Forwarded-Host': keyed('x-forwarded-host'),
  'X-Forwarded-Proto': keyed('x-forwarded-proto'),
  'X-Forwarded-Prefix': keyed('x-forwarded-prefix'),
  'X-Forwarded-Port': keyed('x-forwarded-port'),
  'X-Forwarded-Server': keyed('x-forwarded-server'),
  'X-Host': keyed('x-host'),
  'X-Original-URL': keyed('x-original-url'),
  'X-Rewrite-URL': keyed('x-rewrite-url'),
  Forwarded: keyed('forwarded', minute, ['host=a.example', 'host=b.example']),
  'Origin that is reflected without Vary': {
    options: minute,
    handle: ({ header }) => ({
      headers: { 'access-control-allow-origin': header('origin') ?? '*' },
      body: 'x',
    }),
    async check(site) {
      const evil = { headers: { origin: 'https://evil.example' } };
      await site.get('/', evil);
      const { headers } = await site.get('/', { headers: { origin: 'https://good.example' } });
      expect(headers['access-control-allow-origin']).toBe('https://good.example');
    },
  },
  'a header that is empty, or missing': {
    options: { ttl: '1m', vary: ['x-one', 'x-two'] },
    handle: ({ header }) => ({ body: `${header('x-one')}+${header('x-two')}` }),
    async check(site) {
      const of = async (headers: Record<string, string>) => (await site.get('/', { headers })).body;
      expect(await of({ 'x-one': '' })).toBe('+undefined');
      expect(await of({ 'x-two': '' })).toBe('undefined+');
      expect(await of({})).toBe('undefined+undefined');
      expect(await of({ 'x-one': 'a' })).toBe('a+undefined');
      expect(await of({ 'x-two': 'a' })).toBe('undefined+a');
    },
  },
  'a Host with a path in it': {
    options: minute,
    handle: ({ header, url }) => ({ body: `${header('host')} ${url}` }),
    async check(site) {
      await site.get('/b', { headers: { host: 'x.example' } });
      const { body } = await site.get('/b', { headers: { host: 'x.example:80' } });
      expect(body).toBe('x.example:80 /b');
    },
  },
  'cookies that matter': {
    options: { ttl: '1m', cookies: ['theme'] },
    handle: ({ header }) => ({ body: `${/theme=(\w+)/.exec(header('cookie') ?? '')?.[1]}` }),
    async check(site) {
      const of = async (cookie: string) => (await site.get('/', { headers: { cookie } })).body;
      expect(await of('theme=dark; visits=1')).toBe('dark');
      expect(await of('visits=2; theme=light')).toBe('light');
      expect(await of('visits=3;theme=dark')).toBe('dark');
      expect((await site.get('/')).body).toBe('undefined');
      expect(site.runs).toBe(3);
    },
  },
  'one cookie twice: which counts is for the handler to say': {
    options: { ttl: '1m', cookies: ['a'] },
    handle: ({ header }) => ({ body: header('cookie') ?? '' }),
    async check(site) {
      const of = async (cookie: string) => (await site.get('/', { headers: { cookie } })).body;
      expect(await of('a=1; a=2')).toBe('a=1; a=2');
      expect(await of('a=2; a=1')).toBe('a=2; a=1');
    },
  },
  'the order of the query': same('/?a=1&b=2&c=3', '/?c=3&b=2&a=1', '/?b=2&a=1&c=3'),
  'a parameter twice: its order counts': different('/?a=1&a=2', '/?a=2&a=1'),
  'a parameter twice, once encoded': different('/?a=1&%61=2', '/?%61=2&a=1'),
  'a parameter twice, in capitals': different('/?a=1&A=2', '/?A=2&a=1'),
  'lists in the query': different('/?a[]=1&a[0]=2', '/?a[0]=2&a[]=1', '/?a[]=1'),
  'a parameter without a value, with an empty one, and none': different('/?a', '/?a=', '/?', '/'),
  'encoded and plain': different('/?a=%26b=1', '/?a=&b=1', '/?a=%2526b=1'),
  'a semicolon between parameters': different('/?a=1;b=2&b=3', '/?b=3&a=1;b=2'),
  'a broken escape': different('/?%E0%A4%A=1&b=2', '/?b=2&%E0%A4%A=1'),
  'capitals in the path': different('/Page', '/page'),
  'a slash at the end': different('/page', '/page/'),
  'an encoded slash': different('/a%2Fb', '/a/b'),
  'an encoded letter': different('/%61', '/a'),
  'deception: a file name behind a private page': {
    options: minute,
    handle: ({ url }) => ({ headers: { 'cache-control': 'private' }, body: url }),
    async check(site) {
      await site.get('/account/x.css');
      await site.get('/account/x.css');
      expect(site.runs).toBe(2);
    },
  },
};
