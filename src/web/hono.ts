/** `threadmemo/hono`: cached routes of Hono, and of any handler that takes a `Request` and returns a `Response`. */

import type { IncomingMessage } from 'node:http';
import { outside } from '../compute/outside.ts';
import type { Again } from './exchange.ts';
import { FetchExchange, type FetchGoing, unconditional } from './fetch-exchange.ts';
import { nodeAgain } from './node-again.ts';
import { type Fields, fieldsIn } from './node-fields.ts';
import { Route, type RouteStats } from './route.ts';
import { type RouteOptions, resolveRouteOptions } from './route-options.ts';

export type { FunctionStats, HitsIn } from '../protocol.ts';
export type { RouteStats } from './route.ts';
export type { RouteOptions, RouteResponse } from './route-options.ts';

/** The part of Hono's context that is used. */
export interface HonoContextLike {
  readonly req: { raw: Request };
  /** On Node, the server's own request is in it. */
  readonly env?: unknown;
  get res(): Response;
  set res(response: Response | undefined);
  /** Makes a response with the headers that were set so far. */
  // biome-ignore lint/suspicious/noExplicitAny: statuses and bodies are narrower types in each version
  newResponse(body: any, status?: any, headers?: any): Response;
}

/** Middleware of Hono; or called with a request and what handles it. */
export interface CachedHandler {
  (context: HonoContextLike, next: () => Promise<void>): Promise<Response | undefined>;
  (request: Request, handle: (request: Request) => Response | Promise<Response>): Promise<Response>;
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
 * Only what may be shared is kept; see docs/guides/web-routes.md for what that is. The functions among
 * the options get Hono's context, or the request where there is none.
 *
 * @example
 * app.get('/news', cached({ ttl: '1m' }), (context) => context.html(render()));
 *
 * // any other handler
 * const news = cached({ ttl: '1m' });
 * export default { fetch: (request: Request) => news(request, handle) };
 *
 * @throws {OptionError}
 */
export function cached<Context = HonoContextLike>(
  options: RouteOptions<Context> = {},
): CachedHandler {
  const route = new Route('threadmemo/hono', resolveRouteOptions(options));
  const answer = (
    request: Request,
    going: FetchGoing,
    shown: unknown,
    token: object = request,
  ): Promise<Response> => {
    const exchange = new FetchExchange(request, going, shown, token);
    route.handle(exchange);
    return exchange.answered;
  };
  const plainly = (request: Request, handle: Handle): Promise<Response> => {
    const again: Again = (known, ended) =>
      outside(() => {
        const { url, method, headers } = request;
        const its = new Request(url, { method, headers: unconditional(headers) });
        known(its);
        // Its response goes to no client, and neither does its failure.
        plainly(its, handle).then(ended, ended);
      });
    return answer(request, plain(handle, again), request);
  };
  // biome-ignore lint/suspicious/noExplicitAny: two signatures
  const handler = (first: any, next: any): Promise<Response | undefined> => {
    if (!('req' in first)) return plainly(first, next);
    const context: HonoContextLike = first;
    const incoming = incomingOf(context);
    const going = new HonoGoing(context, next, incoming);
    const response = answer(context.req.raw, going, context, incoming);
    return going.isDone ? response : response.then((made) => going.settled(made));
  };
  return Object.assign(handler, {
    id: route.id,
    stats: () => route.stats(),
    clear: () => route.clear(),
  }) as CachedHandler;
}

type Handle = (request: Request) => Response | Promise<Response>;

/** The request of the Node server that Hono runs in, if it does. */
function incomingOf({ env }: HonoContextLike): IncomingMessage | undefined {
  const { incoming } = (env ?? {}) as { incoming?: IncomingMessage };
  return typeof incoming?.socket === 'object' ? incoming : undefined;
}

function plain(handle: Handle, again?: Again): FetchGoing {
  return {
    again: () => again,
    next: async (request) => handle(request),
    headers: () => new Map(),
    respond: responseOf,
  };
}

type Respond = FetchGoing['respond'];

function responseOf(...[body, status, headers]: Parameters<Respond>): Response {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  return new Response(body as Uint8Array<ArrayBuffer> | null, { status, headers: pairs });
}

class HonoGoing implements FetchGoing {
  readonly #context: HonoContextLike;
  readonly #next: () => Promise<void>;
  readonly #incoming: IncomingMessage | undefined;
  #hasRun = false;
  #isDone = false;

  constructor(
    context: HonoContextLike,
    next: () => Promise<void>,
    incoming: IncomingMessage | undefined,
  ) {
    this.#context = context;
    this.#next = next;
    this.#incoming = incoming;
  }

  /** It was answered, and its handler has not run. */
  get isDone(): boolean {
    return this.#isDone;
  }

  again(): Again | undefined {
    return this.#incoming && nodeAgain(this.#incoming);
  }

  async next(request: Request): Promise<Response> {
    this.#hasRun = true;
    this.#context.req.raw = request;
    await this.#next();
    return this.#context.res;
  }

  headers(): Fields {
    return fieldsIn(this.#context.res.headers as unknown as Iterable<[string, string]>);
  }

  respond(...answer: Parameters<Respond>): Response {
    if (this.#hasRun) return responseOf(...answer);
    this.#isDone = true;
    const [body, status, headers, isPlain] = answer;
    if (isPlain && this.#incoming && this.#hasNoHeaders())
      return new Response(body as string | null, {
        status,
        headers: headers as Record<string, string>,
      });
    return this.#context.newResponse(body, status, headers);
  }

  /**
   * Whether nothing was set for the response so far. Then Hono's own way of making one is left out, because the
   * Node server of Hono sends headers for less that are a record still.
   */
  #hasNoHeaders(): boolean {
    const { headers } = this.#context.newResponse(null);
    return headers.keys().next().done === true;
  }

  /** What Hono is to make of the response in the end. */
  settled(response: Response): Response | undefined {
    if (!this.#hasRun) return response;
    const context = this.#context;
    if (context.res === response) return undefined;
    // Else Hono would add the old one's headers to it.
    context.res = undefined;
    context.res = response;
    return undefined;
  }
}
