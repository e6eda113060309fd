/** `threadmemo/express`: cached routes of Express, Connect, and servers of `node:http` itself. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { NodeExchange } from './node-exchange.ts';
import { Route, type RouteStats } from './route.ts';
import { type RouteOptions, resolveRouteOptions } from './route-options.ts';

export type { FunctionStats, HitsIn } from '../protocol.ts';
export type { RouteStats } from './route.ts';
export type { RouteOptions, RouteResponse } from './route-options.ts';

/** Middleware that answers from the cache, or has the handler behind it answer. */
export interface CachedMiddleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  /** What the route is called everywhere, as a memoized function is. */
  readonly id: string;
  /** What has happened to the route's requests on all threads, since the pool was opened. */
  stats(): RouteStats;
  /** Forgets all that is kept of the route. */
  clear(): Promise<void>;
}

/**
 * Keeps the responses of the handlers behind it: in the same memory, tiers and statistics as memoized
 * functions, and with the same single flight: a thousand requests for a new page run the handler once.
 * Only what may be shared is kept; see docs/guides/web-routes.md for what that is.
 *
 * @example
 * app.get('/news', cached({ ttl: '1m' }), (request, response) => response.send(render()));
 *
 * // node:http
 * const news = cached({ ttl: '1m' });
 * createServer((request, response) => news(request, response, () => handle(request, response)));
 *
 * @throws {OptionError}
 */
export function cached<Req extends IncomingMessage = IncomingMessage>(
  options: RouteOptions<Req> = {},
): CachedMiddleware {
  const route = new Route('threadmemo/express', resolveRouteOptions(options));
  const middleware = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => route.handle(new NodeExchange(request, response, { next }, request));
  return Object.assign(middleware, {
    id: route.id,
    stats: () => route.stats(),
    clear: () => route.clear(),
  });
}
