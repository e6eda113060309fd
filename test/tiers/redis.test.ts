/** The Redis tier against a real server: the suites, records, leases, and what others put there. */

import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import type { RedisTierOptions } from '../../src/tiers/redis/options.ts';
import { openRedisTier, type RedisTimes } from '../../src/tiers/redis/redis-tier.ts';
import { record, tierSuite } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());

const open = new Set<RedisTier>();
let prefix = '';
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
  prefix = `t${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
});

/** Patient, because the machine may be busy. */
function openTier(options: RedisTierOptions = {}, ...rest: [RedisTimes?]): RedisTier {
  const where = options.client ? {} : { url: server.url };
  const tier = openRedisTier({ ...where, prefix, timeout: 5000, ...options }, undefined, ...rest);
  open.add(tier);
  return tier;
}

tierSuite('redisTier, by the package redis', () => openTier());

tierSuite('redisTier, signed and compressed', () =>
  openTier({ secret: 'a secret of enough bytes', compressAbove: 0 }),
);

tierSuite('redisTier, by a client of ioredis', async () => {
  const client = new Redis(server.port, { lazyConnect: true });
  return openTier({ client });
});

tierSuite('redisTier, by a client of redis', async () => {
  return openTier({ client: createClient({ url: server.url }) });
});

describe('a record', () => {
  test('x', async () => {
    const tier = openTier();
    await tier.set('f', 'f(1)', record([1]));
    expect(await tier.get('f', 'f(1)')).toBeDefined();
  });
});
