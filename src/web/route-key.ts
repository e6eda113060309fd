/**
 * Which requests are answered alike? A key that two requests share only when no handler could tell them
 * apart, except by headers and cookies that its route was not told of.
 *
 * Why two requests never share one by accident: its parts are joined by line ends, which neither a
 * header nor an address can contain, and nothing is decoded, folded or cleaned. So `/a%2Fb` is not
 * `/a/b`, `/A` is not `/a`, and `?a` is not `?a=`. The one thing that is changed is the order of the
 * query, and only where no parser can tell: parameters of one name keep their order among themselves.
 */

export interface KeyedRequest {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** Where something has rewritten that before the route: what the handler sees. */
  readonly rewritten: string | undefined;
  /** @param name in lower case */
  header(name: string): string | undefined;
}

/**
 * Headers by which proxies tell what the first request was, and from which frameworks make addresses and
 * routes. Who can send one past the proxy would decide what others get; so they are part of each key.
 */
export const FORWARDED = [
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-path',
  'x-forwarded-uri',
  'x-host',
  'x-http-host-override',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
] as const;

/** Of more parameters a parser may leave some out, by their place. */
const MOST_SORTED = 500;

export interface KeyParts {
  /** Names in lower case. */
  readonly vary: readonly string[];
  readonly cookies: readonly string[] | undefined;
}

/** @param place what stands for host, path and query instead of them */
export function routeKey(
  request: KeyedRequest,
  method: string,
  { vary, cookies }: KeyParts,
  place?: string,
): string {
  let key = `${method}\n${place ?? placeOf(request)}`;
  for (const name of FORWARDED) {
    const value = request.header(name);
    if (value !== undefined) key += `\n${name}:${value}`;
  }
  for (const name of vary) {
    const value = request.header(name);
    // A header that is there and empty is not one that is missing.
    key += value === undefined ? '\n' : `\n:${value}`;
  }
  if (cookies !== undefined) key += `\n${cookiesNamed(cookies, request.header('cookie'))}`;
  return key;
}

function placeOf({ scheme, host, url, rewritten }: KeyedRequest): string {
  const place = `${scheme}\n${host}\n${withSortedQuery(url)}`;
  return rewritten === undefined ? place : `${place}\n${withSortedQuery(rewritten)}`;
}

/** Those that are named, as they were sent, in their order. */
function cookiesNamed(names: readonly string[], header: string | undefined): string {
  if (header === undefined) return '';
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => names.includes((pair.split('=', 1)[0] as string).trim())).join(';');
}

/** The same path, with the query in an order that does not depend on its sender. */
export function withSortedQuery(url: string): string {
  const start = url.indexOf('?');
  if (start === -1 || !url.includes('&', start) || url.includes(';', start)) return url;
  const parts = url.slice(start + 1).split('&');
  if (parts.length > MOST_SORTED) return url;
  const named = parts.map((part) => ({ part, name: nameOf(part) }));
  if (named.some(({ name }) => name === undefined)) return url;
  named.sort((a, b) => compare(a.name as string, b.name as string));
  return `${url.slice(0, start)}?${named.map(({ part }) => part).join('&')}`;
}

/**
 * What a parser may take for the same name gets the same one here: `a`, `%61`, `A`, `a[]`, `a[b]`, `a.b`.
 * `undefined` when it cannot be read.
 */
function nameOf(part: string): string | undefined {
  const [raw = ''] = part.split('=', 1);
  try {
    const name = decodeURIComponent(raw.replaceAll('+', ' '));
    return (name.trim().split(/[[.]/, 1)[0] as string).toLowerCase();
  } catch {
    return undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
