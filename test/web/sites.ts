/**
 * The same site on every framework: one handler behind one cached route, whatever the path, and a client
 * that sends exactly what it is told to.
 */

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { serve as serveHono } from '@hono/node-server';
import connect from 'connect';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { cached as cachedNode, type RouteOptions, type RouteStats } from 'threadmemo/express';
import { cached as cachedFastify } from 'threadmemo/fastify';
import { cached as cachedFetch } from 'threadmemo/hono';
import { onTestFinished } from 'vitest';

/** What a handler sees. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  header(name: string): string | undefined;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer | Iterable<string> | AsyncIterable<string>;
}

/** @param nth run this is */
export type Handle = (seen: Seen, nth: number) => Reply | Promise<Reply>;
type Answer = (seen: Seen) => Reply | Promise<Reply>;
/** Without the functions, whose argument differs. */
export type Options = Omit<RouteOptions, 'key' | 'when' | 'tags'> & { readonly tags?: string[] };

export interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Site {
  readonly port: number;
  /** How often the handler has run. */
  readonly runs: number;
  /** @param path as it is to stand in the first line */
  get(path: string, asked?: Asked): Promise<Got>;
  stats(): RouteStats;
  clear(): Promise<void>;
}

interface Route {
  stats(): RouteStats;
  clear(): Promise<void>;
}

export type Start = (options: Options, handle: Answer) => Promise<{ port: number; route: Route }>;

/** Starts the site on one framework, until the end of the test. */
export async function open(start: Start, options: Options, handle: Handle): Promise<Site> {
  let runs = 0;
  const { port, route } = await start(options, (seen) => {
    return handle(seen, ++runs);
  });
  return {
    port,
    get runs() {
      return runs;
    },
    get: (path, asked) => ask(port, path, asked),
    stats: () => route.stats(),
    clear: () => route.clear(),
  };
}

export function ask(
  port: number,
  path: string,
  { method, headers, body }: Asked = {},
): Promise<Got> {
  const { promise, resolve, reject } = withResolvers<Got>();
  const options = {
    port,
    host: '127.0.0.1',
    path,
    method: method ?? 'GET',
    agent: false,
    ...(headers && { headers }),
  };
  const sent = request(options, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
      }),
    );
  });
  sent.once('error', reject);
  sent.end(body);
  return promise;
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export function seenIn(message: IncomingMessage & { originalUrl?: string }): Seen {
  const { method = '', url = '', headers } = message;
  return { method, url, header: (name) => headers[name] as string | undefined };
}

export async function writeTo(response: ServerResponse, reply: Reply): Promise<void> {
  const { status = 200, headers = {}, body = '' } = reply;
  response.writeHead(status, headers);
  if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body);
  else Readable.from(body).pipe(response);
}

export const sites: Record<string, Start> = {
  async 'node:http'(options, handle) {
    const route = cachedNode(options);
    const server = createServer((message, response) =>
      route(message, response, async () => writeTo(response, await handle(seenIn(message)))),
    );
    return { port: await listen(server), route };
  },

  async connect(options, handle) {
    const route = cachedNode(options);
    const app = connect();
    app.use(route);
    app.use(async (message: IncomingMessage, response: ServerResponse) =>
      writeTo(response, await handle(seenIn(message))),
    );
    return { port: await listen(createServer(app)), route };
  },

  async express(options, handle) {
    const route = cachedNode(options);
    const app = express();
    app.all('/{*path}', route, async (message, response) => {
      const { status = 200, headers = {}, body = '' } = await handle(seenIn(message));
      response.status(status).set(headers);
      if (typeof body === 'string' || Buffer.isBuffer(body)) response.send(body);
      else Readable.from(body).pipe(response);
    });
    return { port: await listen(createServer(app)), route };
  },

  async fastify(options, handle) {
    const route = cachedFastify(options);
    const app = Fastify();
    app.route({
      method: ['GET', 'HEAD', 'POST'],
      url: '/*',
      preHandler: route,
      handler: async ({ raw }, reply) => {
        const { status = 200, headers = {}, body = '' } = await handle(seenIn(raw));
        const isText = typeof body === 'string' || Buffer.isBuffer(body);
        return reply
          .code(status)
          .headers(headers)
          .send(isText ? body : Readable.from(body));
      },
    });
    await app.ready();
    return { port: await listen(app.server), route };
  },

  async hono(options, handle) {
    const route = cachedFetch(options);
    const app = new Hono();
    app.all('*', route, async (context) => webResponse(await handle(seenInWeb(context.req.raw))));
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port: (server.address() as AddressInfo).port, route };
  },

  async fetch(options, handle) {
    const route = cachedFetch(options);
    const answer = (web: Request) =>
      route(web, async (seen) => webResponse(await handle(seenInWeb(seen))));
    const server = serveHono({ fetch: answer, port: 0, hostname: '127.0.0.1' }) as Server;
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port: (server.address() as AddressInfo).port, route };
  },
};

function seenInWeb(web: Request): Seen {
  return {
    method: web.method,
    url: web.url.replace(/^\w+:\/\/[^/]*/, ''),
    header: (name) => web.headers.get(name) ?? undefined,
  };
}

function webResponse({ status = 200, headers = {}, body = '' }: Reply): Response {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  const data = isText ? body : Readable.toWeb(Readable.from(toBytes(body)));
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : (data as string), { status, headers: pairs });
}

async function* toBytes(body: Iterable<string> | AsyncIterable<string>) {
  for await (const each of body) yield Buffer.from(each);
}
