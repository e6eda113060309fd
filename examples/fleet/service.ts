/**
 * One process of the service: tiles over HTTP, from a pool with Redis behind its memory. The fleet
 * has three of them, and none knows of the others.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { tile } from './tile.ts';

// More than the default of 250 ms: Redis has to share this machine with those who compute.
const redis = redisTier({ url: process.env['FLEET_REDIS'] as string, timeout: '1s' });
const pool = await createPool({ threads: 1, tiers: [redis] });

const server = createServer(async ({ url = '/' }, response) => {
  if (url === '/health') return response.end(JSON.stringify(redis.stats()));
  const [, zoom, x, y] = url.split('/').map(Number);
  try {
    response.end(await tile(zoom as number, x as number, y as number));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

// Who has started it goes away, or wants it to end.
process.once('disconnect', async () => {
  server.close();
  server.closeAllConnections();
  await pool.close();
});
process.send?.({ port: (server.address() as AddressInfo).port });
