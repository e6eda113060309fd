/** `threadmemo/fastify`: cached routes of Fastify. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { appended } from './cache-status.ts';
import { type Going, NodeExchange } from './node-exchange.ts';
import { type Fields, fieldsIn } from './node-fields.ts';
import type { Headings } from './page-pieces.ts';
import { Route, type RouteStats } from './route.ts';
import { type RouteOptions, resolveRouteOptions } from './route-options.ts';

export type { FunctionStats, HitsIn } from '../protocol.ts';
export type { RouteStats } from './route.ts';
export type { RouteOptions, RouteResponse } from './route-options.ts';

/** The part of Fastify's request that is used. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage | Http2ServerRequest;
}

/** The part of Fastify's reply that is used. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse | Http2ServerResponse;
  /** Leaves the response to the handler: Fastify sends nothing. */
  hijack(): unknown;
  /** The headers that were set so far. */
  getHeaders(): Record<string, number | string | string[] | undefined>;
  /** One of them. */
  getHeader(name: string): unknown;
  /** Sets some more. */
  headers(values: Record<string, unknown>): unknown;
}

/** A `preHandler` hook that answers from the cache, or lets the handler answer. */
export interface CachedHook {
  (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void): void;
  /** What the route is called everywhere, as a memoized function is. */
  readonly id: string;
  /** What has happened to the route's requests on all threads, since the pool was opened. */
  stats(): RouteStats;
  /** Forgets all that is kept of the route. */
  clear(): Promise<void>;
}

/**
 * Keeps the responses of a route: in the same memory, tiers and statistics as memoized functions, and with
 * the same single flight: a thousand requests for a new page run the handler once. Only what may be
 * shared is kept; see docs/guides/web-routes.md for what that is.
 *
 * What is kept is what Fastify would have sent, after all `onSend` hooks; for an answer from the cache
 * they do not run again. Hooks that come before `preHandler` do, and `onResponse`.
 *
 * @example
 * app.get('/news', { preHandler: cached({ ttl: '1m' }) }, async () => render());
 *
 * @throws {OptionError}
 */
export function cached<Req extends FastifyRequestLike = FastifyRequestLike>(
  options: RouteOptions<Req> = {},
): CachedHook {
  const route = new Route('threadmemo/fastify', resolveRouteOptions(options));
  const hook = (
    request: FastifyRequestLike,
    reply: FastifyReplyLike,
    done: (error?: Error) => void,
  ): void => {
    // Of HTTP/2 too, whose compatible part has all that is used.
    const [message, response] = [request.raw as IncomingMessage, reply.raw as ServerResponse];
    route.handle(new NodeExchange(message, response, new FastifyGoing(reply, done), request));
  };
  return Object.assign(hook, {
    id: route.id,
    stats: () => route.stats(),
    clear: () => route.clear(),
  });
}

class FastifyGoing implements Going {
  readonly #reply: FastifyReplyLike;
  readonly #done: (error?: Error) => void;

  constructor(reply: FastifyReplyLike, done: (error?: Error) => void) {
    this.#reply = reply;
    this.#done = done;
  }

  next(error?: unknown): void {
    this.#done(error as Error | undefined);
  }

  stop(): void {
    this.#reply.hijack();
  }

  headers(): Fields {
    return fieldsIn(Object.entries(this.#reply.getHeaders()));
  }

  /** Hooks that run after the response ask the reply for its headers. */
  stored(headings: Headings): OutgoingHttpHeaders {
    const reply = this.#reply;
    const inner = reply.getHeader('cache-status');
    reply.headers(headings);
    if (inner !== undefined)
      reply.headers({ 'cache-status': appended(inner, headings['cache-status'] as string) });
    return reply.getHeaders();
  }
}
