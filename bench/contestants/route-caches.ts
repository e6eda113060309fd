/**
 * What stands between a server's clients and its handler? Nothing, threadmemo, or another cache; in three
 * frameworks, and in none. The handler of `/page/…` waits for 20 ms; that of `/bare` sends at once the headers and
 * bytes that threadmemo would send, which is as fast as the framework is.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { Closable, Contestant, PartName } from '../scenario.ts';

export interface RouteCache extends Closable {
  readonly url: string;
  /** What a warm page is asked for by: of the yardstick, without its handler's wait. */
  readonly warmPath: string;
  /** How often the handler of `/page/…` has run. */
  runs(): number;
}

export const framework = ['node', 'express', 'fastify', 'hono'] as const;

const body = JSON.stringify({ page: 'x'.repeat(1000) });
const type = 'application/json; charset=utf-8';
const bareHeaders = {
  'content-type': type,
  etag: 'W/"3ec-0123456789abcdef0123456789a"',
  age: '3',
  'cache-status': 'threadmemo; hit; ttl=3596',
};
let runs = 0;

async function page(): Promise<string> {
  runs++;
  await setTimeout(20);
  return body;
}

async function opened(server: Server, warmPath: string, end = async () => {}): Promise<RouteCache> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    warmPath,
    runs: () => runs,
    async close() {
      server.close();
      server.closeAllConnections();
      await end();
    },
  };
}

type Cached = typeof import('../functions/cached-routes.js');

async function onNode(
  route: ReturnType<Cached['cachedNode']> | undefined,
  end?: () => Promise<void>,
) {
  const length = Buffer.byteLength(body);
  const answer = async (response: ServerResponse) => {
    response.setHeader('content-type', type).end(await page());
  };
  const server = createServer((request, response) => {
    if (route) return route(request, response, () => void answer(response));
    if (request.url !== '/bare') return void answer(response);
    response.writeHead(200, { ...bareHeaders, 'content-length': length }).end(body);
  });
  return opened(server, route ? '/page/warm' : '/bare', end);
}

async function onExpress(middleware: RequestHandler | undefined, end?: () => Promise<void>) {
  const { default: express } = await import('express');
  const app = express();
  app.get('/bare', (_, response) => void response.set(bareHeaders).send(body));
  const handler: RequestHandler = async (_, response) => {
    response.type(type).send(await page());
  };
  app.get('/page/:id', ...(middleware ? [middleware] : []), handler);
  return opened(createServer(app), middleware ? '/page/warm' : '/bare', end);
}

async function onFastify(
  preHandler: ReturnType<Cached['cachedFastify']> | undefined,
  end?: () => Promise<void>,
) {
  const { default: Fastify } = await import('fastify');
  const app = Fastify();
  app.get('/bare', (_, reply) => void reply.headers(bareHeaders).send(body));
  app.get('/page/:id', preHandler ? { preHandler } : {}, async (_, reply) =>
    reply.type(type).send(await page()),
  );
  await app.ready();
  return opened(app.server, preHandler ? '/page/warm' : '/bare', end);
}

async function onHono(
  route: ReturnType<Cached['cachedHono']> | undefined,
  end?: () => Promise<void>,
) {
  const { Hono } = await import('hono');
  const { serve } = await import('@hono/node-server');
  const app = new Hono();
  const handler = async () => new Response(await page(), { headers: { 'content-type': type } });
  app.get('/bare', (context) => context.body(body, 200, bareHeaders));
  if (route) app.get('/page/:id', route, handler);
  else app.get('/page/:id', handler);
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  return opened(server, route ? '/page/warm' : '/bare', end);
}

/** What one of a framework takes no part in. */
function only(name: (typeof framework)[number]): Partial<Record<PartName, string>> {
  const others = framework.filter((each) => each !== name);
  return Object.fromEntries(others.map((each) => [`routes ${each}`, `it is of ${name}`]));
}

const options = { ttl: '1h', vary: ['accept-language'] } as const;

/** A route, and what closes its pool, which has no threads: handlers run here in any case. */
async function threadmemo<Route>(make: (cached: Cached) => Route) {
  const { createPool } = await import('../functions/threadmemo.js');
  const pool = await createPool({ threads: 0 });
  const route = make(await import('../functions/cached-routes.js'));
  return [route, () => pool.close()] as const;
}

const require = createRequire(import.meta.url);

export const routeCaches: readonly Contestant<RouteCache>[] = [
  {
    name: 'node',
    what: 'node:http without a cache; warm: a handler that sends the same headers and bytes',
    cannot: only('node'),
    open: () => onNode(undefined),
  },
  {
    name: 'threadmemo-node',
    what: 'node:http and threadmemo/express',
    cannot: only('node'),
    open: async () => onNode(...(await threadmemo(({ cachedNode }) => cachedNode(options)))),
  },
  {
    name: 'express',
    what: 'Express without a cache; warm: a handler that sends the same headers and bytes',
    cannot: only('express'),
    open: () => onExpress(undefined),
  },
  {
    name: 'apicache',
    what: 'Express and apicache: no key but the address, cookies and Authorization ignored',
    cannot: only('express'),
    open: () => onExpress(require('apicache').middleware('1 hour')),
  },
  {
    name: 'route-cache',
    what: 'Express and route-cache: no key but the address, headers are not kept',
    cannot: only('express'),
    open: () => onExpress(require('route-cache').cacheSeconds(3600)),
  },
  {
    name: 'threadmemo-express',
    what: 'Express and threadmemo/express',
    cannot: only('express'),
    open: async () => onExpress(...(await threadmemo(({ cachedNode }) => cachedNode(options)))),
  },
  {
    name: 'fastify',
    what: 'Fastify without a cache; warm: a handler that sends the same headers and bytes',
    cannot: only('fastify'),
    open: () => onFastify(undefined),
  },
  {
    name: 'threadmemo-fastify',
    what: 'Fastify and threadmemo/fastify',
    cannot: only('fastify'),
    open: async () =>
      onFastify(...(await threadmemo(({ cachedFastify }) => cachedFastify(options)))),
  },
  {
    name: 'hono',
    what: 'Hono on Node without a cache; warm: a handler that sends the same headers and bytes',
    cannot: only('hono'),
    open: () => onHono(undefined),
  },
  {
    name: 'threadmemo-hono',
    what: 'Hono on Node and threadmemo/hono',
    cannot: only('hono'),
    open: async () => onHono(...(await threadmemo(({ cachedHono }) => cachedHono(options)))),
  },
];
