/** The page on every framework, and a reader of its events. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve as serveHono } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import type { StatusPage } from 'threadmemo/page';
import { onTestFinished } from 'vitest';
import type { PageSnapshot } from '../../src/page/snapshot.ts';

export interface Site {
  readonly url: string;
  readonly server: Server;
}

async function listening(server: Server, path = '/cache'): Promise<Site> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, server };
}

export const sites: Record<string, (page: StatusPage) => Promise<Site>> = {
  'node:http': (page) => listening(createServer(page)),

  express(page) {
    const app = express();
    app.use(express.json());
    app.all('/cache', page);
    return listening(createServer(app));
  },

  'express, below a path'(page) {
    const app = express();
    app.use('/cache', page);
    return listening(createServer(app));
  },

  async fastify(page) {
    const app = Fastify();
    app.all('/cache', page);
    await app.ready();
    return listening(app.server);
  },

  async hono(page) {
    const app = new Hono();
    app.all('/cache', page);
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    await once(server, 'listening');
    return listening(server);
  },

  async fetch(page) {
    const fetchPage = (request: Request) => page(request);
    const server = serveHono({ fetch: fetchPage, port: 0, hostname: '127.0.0.1' }) as Server;
    await once(server, 'listening');
    return listening(server);
  },
};

export function nodeSite(page: StatusPage): Promise<Site> {
  return (sites['node:http'] as (page: StatusPage) => Promise<Site>)(page);
}

export interface Events extends AsyncIterable<PageSnapshot> {
  readonly response: Response;
  /** Goes away. */
  leave(): void;
}

/** One snapshot after the other, until the stream ends. */
export async function eventsOf(url: string): Promise<Events> {
  const going = new AbortController();
  onTestFinished(() => going.abort());
  const response = await fetch(`${url}?events`, { signal: going.signal });
  return {
    response,
    leave: () => going.abort(),
    [Symbol.asyncIterator]: () => snapshotsIn(response),
  };
}

async function* snapshotsIn({ body }: Response): AsyncGenerator<PageSnapshot, void, undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of body as ReadableStream<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() as string;
    for (const event of events)
      if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length));
  }
}

/** The first snapshot of which this holds. */
export async function snapshot(
  events: AsyncIterable<PageSnapshot>,
  holds: (of: PageSnapshot) => boolean = () => true,
): Promise<PageSnapshot> {
  for await (const each of events) if (holds(each)) return each;
  throw new Error('the stream has ended');
}
