/** What an answer from the cache has in common with one that the framework makes, where it is sent in a shorter way. */

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve as serveHono } from '@hono/node-server';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { cached as cachedFastify } from 'threadmemo/fastify';
import { cached as cachedFetch } from 'threadmemo/hono';
import { expect, onTestFinished, test } from 'vitest';
import { openForAll, until } from '../threads/open.ts';

openForAll({ threads: 0 });

test('Fastify: what runs after the response finds its headers, and a layer’s own are among them', async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  const found: unknown[] = [];
  app.addHook('onRequest', async (_, reply) => {
    reply.raw.setHeader('x-raw', 'yes');
    reply.header('cache-status', 'inner; fwd=miss');
  });
  app.addHook('onResponse', async (_, reply) => {
    found.push([reply.getHeader('content-type'), String(reply.getHeader('content-length'))]);
  });
  app.get('/', { preHandler: cachedFastify({ ttl: '1m' }) }, async () => ({ page: 1 }));
  for (const status of ['fwd=uri-miss; stored', 'hit; ttl=59']) {
    const { headers, body } = await app.inject('/');
    expect(headers).toMatchObject({ 'x-raw': 'yes', 'content-length': '10' });
    expect(headers['cache-status']).toBe(`inner; fwd=miss, threadmemo; ${status}`);
    expect(body).toBe('{"page":1}');
  }
  const type = 'application/json; charset=utf-8';
  await until(() => found.length === 2);
  expect(found[1]).toEqual([type, '10']);
});

test('Hono on Node: what was set before the route is in an answer from the cache, whatever its body', async () => {
  const app = new Hono();
  let requests = 0;
  app.use('/set/*', async (context, next) => {
    context.header('x-before', String(++requests));
    context.header('link', '</a>', { append: true });
    await next();
  });
  const bodies: Record<string, string | Uint8Array<ArrayBuffer>> = {
    text: 'plain',
    wide: '\ufeffé, 漢字 and 🧵',
    bytes: new Uint8Array([0, 128, 255, 254]),
  };
  app.get('*', cachedFetch({ ttl: '1m' }), ({ req }) => {
    const body = bodies[req.path.split('/').pop() as string];
    return new Response(body, { headers: { 'content-type': 'text/x', etag: '"1"', link: '</b>' } });
  });
  const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const path of ['/text', '/wide', '/bytes', '/set/text', '/set/wide', '/set/bytes']) {
    const seen: Buffer[] = [];
    for (const _ of [1, 2]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      seen.push(Buffer.from(await response.arrayBuffer()));
      expect(response.headers.get('content-type')).toBe('text/x');
      const isSet = path.startsWith('/set');
      expect(response.headers.get('x-before')).toBe(isSet ? String(requests) : null);
    }
    const expected = await new Response(bodies[path.split('/').pop() as string]).arrayBuffer();
    expect(seen).toEqual([Buffer.from(expected), Buffer.from(expected)]);
  }
});
