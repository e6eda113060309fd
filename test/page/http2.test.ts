/** Over HTTP/2 there are no headers of a connection, and requests and responses have other classes. */

import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify from 'fastify';
import { statusPage } from 'threadmemo/page';
import { expect, onTestFinished, test, vi } from 'vitest';
import { open } from '../threads/open.ts';

test('Fastify: there is the page, and its events until the pool closes', async () => {
  const warned = vi.spyOn(process, 'emitWarning');
  onTestFinished(() => warned.mockRestore());
  const pool = await open({ threads: 0 });
  const app = Fastify({ http2: true });
  onTestFinished(() => app.close());
  app.all('/cache', statusPage(pool));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  expect(await text(session.request({ ':path': '/cache' }))).toMatch(/^<!doctype html>/i);
  const events = session.request({ ':path': '/cache?events' });
  await once(events, 'response');
  await pool.close();
  expect(await text(events)).toContain('data: {');
  // Node warns of headers that HTTP/2 has not got.
  expect(warned).not.toHaveBeenCalled();
});
