/** What users may say of a cached route; the defaults, and the checks. */

import {
  bytes,
  type Duration,
  milliseconds,
  refuseUnknown,
  refuseWindowsOfNothing,
  type Size,
  wrong,
} from '../options.ts';
import { marksOf } from '../tags/tags.ts';

/** What a function for `tags` sees of the response. */
export interface RouteResponse {
  readonly status: number;
  /** Names in lower case; a list only where a header was given more than once. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Options of `cached()`; `Req` is the request as the framework has it. */
export interface RouteOptions<Req = unknown> {
  /**
   * How long a response is fresh. Its own `s-maxage`, `max-age` or `Expires` shortens this. Zero: not kept.
   * Default: what the response says; if it says nothing, it is not kept.
   */
  readonly ttl?: Duration;
  /**
   * How long after `ttl` a page is answered when its handler fails: with a status from 500 on, or without an
   * answer. A response's own `stale-if-error` shortens this; `must-revalidate`, `proxy-revalidate` and
   * `s-maxage` forbid it. Default: 0.
   */
  readonly staleIfError?: Duration;
  /**
   * How long after `ttl` a page is answered at once while its handler makes a new one, for no client: the
   * request goes through the application once more. A response's own `stale-while-revalidate` shortens this;
   * `must-revalidate`, `proxy-revalidate` and `s-maxage` forbid it. Default: 0.
   */
  readonly staleWhileRevalidate?: Duration;
  /**
   * After a failure a stale page is answered at once for so long, and the handler left alone. Default: 10 s.
   */
  readonly errorBackoff?: Duration;
  /**
   * Headers of the request that are part of the key, in any case. A response whose `Vary` names another
   * one is not kept. Default: none. (The host, and what proxies say of the first request, always are.)
   */
  readonly vary?: readonly string[];
  /**
   * What stands in the key for host, path and query: a text, a number, true, false, null, or a list or
   * record of such. Forget nothing that the handler's answer depends on. `undefined`: this request is
   * not cached. Called for every request.
   */
  readonly key?: (request: Req) => unknown;
  /**
   * By which `invalidateTags()` finds a response later. A function is called once for each response that
   * is kept. At most 128, of 256 characters each. Default: none.
   */
  readonly tags?:
    | readonly string[]
    | ((request: Req, response: RouteResponse) => readonly string[]);
  /** Whether a request may be answered from the cache, and its response be kept. Default: all. */
  readonly when?: (request: Req) => boolean;
  /**
   * `'bypass'`: a request with a cookie is not answered from the cache, and its response is not kept.
   * `'ignore'`: no cookie makes a difference. A list: the cookies that make one; they are part of the key.
   * Default: `'bypass'`.
   */
  readonly cookies?: 'bypass' | 'ignore' | readonly string[];
  /**
   * Whether a request's `no-cache` (a reload in the browser) has the handler run. Then each client can
   * have it run at will. Default: false.
   */
  readonly honorNoCache?: boolean;
  /** Larger responses pass through and are not kept. Default: `'1mb'`. */
  readonly maxBodySize?: Size;
  /**
   * Of the route, in statistics, metrics, the page and tiers: any text that is unique in the process, such as
   * `'GET /news/:id'`. Its id is `threadmemo/fastify#GET /news/:id` then (or `/express`, `/hono`). Default:
   * `route-1`, `route-2`, ... in the order in which they are made, which tells a reader little.
   */
  readonly name?: string;
  /**
   * Needed with a tier that outlives the process, and with it a `name`: change it when the handler
   * answers otherwise. Default: none.
   */
  readonly version?: string;
}

export interface ResolvedRouteOptions {
  readonly ttl: number;
  /** Those of memoize. */
  readonly windows: Pick<RouteOptions, 'staleIfError' | 'staleWhileRevalidate' | 'errorBackoff'>;
  /** Milliseconds of `staleWhileRevalidate`. */
  readonly meanwhile: number;
  readonly vary: readonly string[];
  readonly key: ((request: unknown) => unknown) | undefined;
  readonly tags: RouteOptions['tags'];
  readonly when: ((request: unknown) => boolean) | undefined;
  readonly cookies: 'bypass' | 'ignore' | readonly string[];
  readonly honorNoCache: boolean;
  readonly maxBodySize: number;
  readonly name: string | undefined;
  readonly version: string | undefined;
}

const KNOWN = [
  'ttl',
  'staleIfError',
  'staleWhileRevalidate',
  'errorBackoff',
  'vary',
  'key',
  'tags',
  'when',
  'cookies',
  'honorNoCache',
  'maxBodySize',
  'name',
  'version',
];

/** @throws {OptionError} */
export function resolveRouteOptions(options: RouteOptions<never>): ResolvedRouteOptions {
  refuseUnknown(options, 'cached', KNOWN);
  const { ttl, vary = [], key, tags, when, cookies = 'bypass', honorNoCache = false } = options;
  const { maxBodySize = '1mb', name, version } = options;
  const { staleIfError, staleWhileRevalidate, errorBackoff } = options;
  optionalFunction('key', key);
  optionalFunction('when', when);
  if (typeof tags !== 'function' && tags !== undefined) marksOf('tags', tags);
  if (typeof honorNoCache !== 'boolean') throw wrong('honorNoCache', honorNoCache, 'true or false');
  for (const [option, value] of Object.entries({ name, version })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw wrong(option, value, 'a text');
    }
  }
  if (version !== undefined && name === undefined) {
    throw wrong(
      'name',
      name,
      'a text where there is a version: other processes know the route by both',
    );
  }
  const fresh = ttl === undefined ? Number.POSITIVE_INFINITY : milliseconds('ttl', ttl);
  const meanwhile = windowOf('staleWhileRevalidate', staleWhileRevalidate);
  refuseWindowsOfNothing(fresh, {
    staleWhileRevalidate: meanwhile,
    staleIfError: windowOf('staleIfError', staleIfError),
  });
  windowOf('errorBackoff', errorBackoff);
  return {
    ttl: fresh,
    windows: {
      ...(staleIfError !== undefined && { staleIfError }),
      ...(staleWhileRevalidate !== undefined && { staleWhileRevalidate }),
      ...(errorBackoff !== undefined && { errorBackoff }),
    },
    meanwhile,
    vary: fieldNames(vary),
    key: key as ResolvedRouteOptions['key'],
    tags: tags as RouteOptions['tags'],
    when: when as ResolvedRouteOptions['when'],
    cookies: cookiesFrom(cookies),
    honorNoCache,
    maxBodySize: bytes('maxBodySize', maxBodySize),
    name,
    version,
  };
}

function windowOf(option: string, value: Duration | undefined): number {
  return value === undefined ? 0 : milliseconds(option, value);
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** Sorted, so that their order makes no difference. */
function fieldNames(vary: readonly string[]): readonly string[] {
  const names = texts('vary', vary).map((name) => name.toLowerCase());
  for (const [at, name] of names.entries()) {
    if (!TOKEN.test(name) || name === '*') {
      throw wrong(`vary[${at}]`, vary[at], "the name of a header, such as 'accept-language'");
    }
  }
  return [...new Set(names)].sort();
}

function cookiesFrom(cookies: unknown): 'bypass' | 'ignore' | readonly string[] {
  if (cookies === 'bypass' || cookies === 'ignore') return cookies;
  if (!Array.isArray(cookies)) {
    throw wrong('cookies', cookies, "'bypass', 'ignore', or a list of the cookies that matter");
  }
  return texts('cookies', cookies);
}

function texts(option: string, list: unknown): readonly string[] {
  if (!Array.isArray(list)) throw wrong(option, list, 'a list of texts');
  for (const [at, each] of list.entries()) {
    if (typeof each !== 'string') throw wrong(`${option}[${at}]`, each, 'a text');
  }
  return [...list];
}

function optionalFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw wrong(option, value, 'a function');
}
