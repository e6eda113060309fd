/**
 * Which requests are none of the cache's business? They go to the handler as if it were not there, and
 * what it answers them is not kept.
 */

import type { KeyedRequest } from './route-key.ts';

export interface RequestRules {
  readonly cookies: 'bypass' | 'ignore' | readonly string[];
  /** Header names in lower case. */
  readonly vary: readonly string[];
}

export interface JudgedRequest extends KeyedRequest {
  /** A method that something has put in the place of the one that was sent, or the other way round. */
  readonly isMethodReplaced: boolean;
  /** The connection itself says who the client is: by a certificate. */
  readonly isClientKnown: boolean;
}

/**
 * With their reasons, in the order in which they are looked for. Conditional requests other than
 * `If-None-Match` and `If-Modified-Since`, and parts of a body, are the handler's.
 */
const TELLING = [
  ['range', 'range'],
  ['if-match', 'precondition'],
  ['if-unmodified-since', 'precondition'],
  ['x-http-method-override', 'method override'],
  ['x-http-method', 'method override'],
  ['x-method-override', 'method override'],
  ['transfer-encoding', 'body'],
  ['upgrade', 'upgrade'],
] as const;

/**
 * Why the request passes by; `undefined` for one that may be answered from the cache.
 * @param keyReads whether the route's own key is made of that header
 */
export function reasonToPass(
  request: JudgedRequest,
  { cookies, vary }: RequestRules,
  keyReads: (header: string) => boolean,
): string | undefined {
  const { method, url } = request;
  if ((method !== 'GET' && method !== 'HEAD') || request.isMethodReplaced) return 'method';
  // `GET http://other/path`, and `*`: which host such a request is for is not for its Host header to say.
  if (!url.startsWith('/')) return 'target';
  for (const [header, reason] of TELLING) if (request.header(header) !== undefined) return reason;
  if ((request.header('content-length') ?? '0') !== '0') return 'body';
  if (request.isClientKnown) return 'client certificate';
  const names = (header: string) => vary.includes(header) || keyReads(header);
  if (request.header('authorization') !== undefined && !names('authorization')) {
    return 'authorization';
  }
  if (cookies === 'bypass' && request.header('cookie') !== undefined && !vary.includes('cookie')) {
    return 'cookie';
  }
  return undefined;
}
