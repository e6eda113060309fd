/**
 * Over HTTPS a stale page is made anew as over HTTP: for a request that is as secure as its client's, and for
 * the same key. Over HTTP/2 a client's own request makes it. The servers and their clients have a key in
 * common, so that no certificate is needed.
 */

import { type ClientHttp2Session, connect } from 'node:http2';
import { createServer, type RequestOptions, request, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ConnectionOptions } from 'node:tls';
import express from 'express';
import Fastify from 'fastify';
import { cached } from 'threadmemo/express';
import { cached as cachedFastify } from 'threadmemo/fastify';
import { fakeClock } from 'threadmemo/testing';
import { expect, onTestFinished, test } from 'vitest';
import { open, until } from '../threads/open.ts';
import { gate } from './gate.ts';
import { listen } from './sites.ts';

const key = Buffer.alloc(16, 7);
const common = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
const serverOptions: ServerOptions = { ...common, pskCallback: () => key };
const clientOptions: ConnectionOptions = {
  ...common,
  pskCallback: () => ({ psk: key, identity: 'test' }),
  checkServerIdentity: () => undefined,
};

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { ...clientOptions, host: '127.0.0.1', port, agent: false };
    const sent = request(options, (response) => resolve(text(response)));
    sent.once('error', reject);
    sent.end();
  });
}

const options = { ttl: '1m', staleWhileRevalidate: '1h' } as const;
/** What a handler says of its request. */
type Page = (protocol: string, ip: string | undefined) => string;

const servers = {
  async Express(page: Page) {
    const route = cached(options);
    const app = express();
    app.get('/', route, ({ protocol, ip }, response) => void response.send(page(protocol, ip)));
    return { route, port: await listen(createServer(serverOptions, app)) };
  },

  async Fastify(page: Page) {
    const route = cachedFastify(options);
    const app = Fastify({ https: serverOptions });
    onTestFinished(() => app.close());
    app.get('/', { preHandler: route }, async ({ protocol, ip }) => page(protocol, ip));
    await app.ready();
    return { route, port: await listen(app.server) };
  },
};

test.each(Object.entries(servers))('%s makes a stale page anew', async (_, start) => {
  const clock = fakeClock();
  await open({ threads: 0, clock });
  let runs = 0;
  const { route, port } = await start((protocol, ip) => `${protocol} ${ip} ${++runs}`);
  expect(await get(port)).toBe('https 127.0.0.1 1');
  clock.advance('2m');
  expect(await get(port)).toBe('https 127.0.0.1 1');
  await until(() => route.stats().computations === 2 && route.stats().refreshes === 1);
  let now = await get(port);
  while (now.endsWith('1')) now = await get(port);
  expect(now).toBe('https 127.0.0.1 2');
  expect(runs).toBe(2);
  expect(route.stats()).toMatchObject({ misses: 1, failedRefreshes: 0 });
});

function getOver(session: ClientHttp2Session): Promise<string> {
  return text(session.request({ ':path': '/' }));
}

test('Fastify over HTTP/2: one client waits for the new page, the others get the stale one', async () => {
  const clock = fakeClock();
  await open({ threads: 0, clock });
  const { lift, opened } = gate();
  const route = cachedFastify(options);
  let runs = 0;
  const app = Fastify({ http2: true, https: serverOptions });
  app.get('/', { preHandler: route }, async ({ protocol }) => {
    if (++runs > 1) await opened;
    return `${protocol} ${runs}`;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const session = connect(`https://127.0.0.1:${port}`, clientOptions);
  onTestFinished(() => session.destroy());
  expect(await getOver(session)).toBe('https 1');
  clock.advance('2m');
  const one = getOver(session);
  await until(() => runs === 2);
  expect(await getOver(session)).toBe('https 1');
  lift();
  expect(await one).toBe('https 2');
  expect(await getOver(session)).toBe('https 2');
  expect(runs).toBe(2);
});
