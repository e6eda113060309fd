/** Nothing that was invalidated is read from Redis or memcached again, whatever they did meanwhile. */

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { RedisAccessError } from '../../src/errors.ts';
import { Codec } from '../../src/protocol.ts';
import { openMemcachedTier } from '../../src/tiers/memcached/memcached-tier.ts';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import { leaseTimes } from '../../src/tiers/redis/leases.ts';
import { openRedisTier, type RedisTimes } from '../../src/tiers/redis/redis-tier.ts';
import type { Tier } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { record } from '../suites/tier.ts';
import { startMemcached, withoutMemcached } from './memcached-server.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;
const g1 = ['g', 'g(1)'] as const;
const NEVER = 1_000_000;
const times: RedisTimes = { ...leaseTimes, retry: 30, ping: NEVER, pingWhenWaiting: NEVER };

let server: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
  if (withoutRedis) return;
  server = await startRedis();
  proxy = await proxyTo(server.port);
});
afterAll(async () => {
  await proxy?.close();
  await server?.stop();
});

const open = new Set<Tier>();
let prefix = '';
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  prefix = `t${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
});

function openTier(port = server.port): RedisTier {
  const options = { url: `redis://127.0.0.1:${port}`, prefix, timeout: 2000 };
  const tier = openRedisTier(options, undefined, times);
  open.add(tier);
  return tier;
}

const connected = (stats: () => { connected: boolean | number }) =>
  expect.poll(() => Boolean(stats().connected), { interval: 1 });

test.each([
  ['has too few replicas', 'min-replicas-to-write', '1', '0'],
  ['is a replica', 'replicaof', '127.0.0.1 1', 'no one'],
])('a Redis that %s and refuses an invalidation is not read until it takes it', async (...each) => {
  const [, what, begin, end] = each;
  const set = (value: string) =>
    what === 'replicaof'
      ? server.command('REPLICAOF', ...value.split(' '))
      : server.command('CONFIG', 'SET', what, value);
  const tier = openTier();
  const other = openTier();
  await tier.set(...f1, record([1]));
  await set(begin);
  await expect(tier.delete(...f1)).rejects.toThrow();
  // The record is there all the time.
  expect(await other.get(...f1)).toBeDefined();
  await expect(tier.get(...f1)).rejects.toThrow();
  expect(tier.stats().connected).toBe(false);
  await set(end);
  await connected(tier.stats.bind(tier)).toBe(true);
  expect(await tier.get(...f1)).toBeUndefined();
  expect(await other.get(...f1)).toBeUndefined();
});

test('an invalidation that comes while Redis is sent earlier ones is not lost', async () => {
  const tier = openTier(proxy.port);
  const other = openTier();
  await tier.set(...f2, record([2]));
  const second = new Promise((settled) => {
    other.onInvalidate((what) => {
      if (what.of === 'key' && what.key === 'f(1)') tier.delete(...f2).then(settled, settled);
    });
  });
  proxy.cut();
  await connected(tier.stats.bind(tier)).toBe(false);
  await expect(tier.delete(...f1)).rejects.toThrow();
  // The answer to the first is late, so that the second comes before it.
  proxy.delay = 20;
  await second;
  await connected(tier.stats.bind(tier)).toBe(true);
  proxy.delay = 0;
  expect(await tier.get(...f2)).toBeUndefined();
});

test('nor is it with memcached', async ({ skip }) => {
  if (withoutMemcached) skip();
  const memcached = await startMemcached();
  const between = await proxyTo(memcached.port);
  const name = `127.0.0.1:${between.port}`;
  const tier = openMemcachedTier({ servers: name, prefix, timeout: 2000 }, undefined, {
    ...{ life: 5, renewEvery: NEVER, retry: 20 },
  });
  open.add(tier);
  await tier.set(...f2, record([2]));
  const generations = async () => (await memcached.names()).filter((each) => each.includes(':g:'));
  await tier.set(...g1, record([1]));
  const before = await generations();
  between.cut();
  await connected(tier.stats.bind(tier)).toBe(false);
  await expect(tier.delete(...g1)).rejects.toThrow();
  between.delay = 50;
  await expect.poll(async () => (await generations()).length).toBeLessThan(before.length);
  await tier.delete(...f2).catch(() => {});
  await connected(tier.stats.bind(tier)).toBe(true);
  between.delay = 0;
  expect(await tier.get(...f2)).toBeUndefined();
  await tier.close();
  open.delete(tier);
  await between.close();
  await memcached.stop();
});

test.runIf(inFull)(
  'what was made before an outage is not stored after it, when it may be invalid',
  async () => {
    const url = `redis://127.0.0.1:${proxy.port}`;
    const options = { url, prefix, timeout: 2000, compressAbove: 1000 };
    const tier = openRedisTier(options, undefined, times);
    open.add(tier);
    const other = openTier();
    await tier.get(...f1);
    const { expiresAt } = record([]);
    // To compress it takes longer than to connect again.
    const bytes = new Uint8Array(Buffer.from(randomBytes(5_000_000).toString('hex')));
    const value = { codec: Codec.latin1, bytes };
    const stored = tier.set(...f1, { value, expiresAt, ms: 0 }).then(
      () => 'stored',
      (error) => error,
    );
    proxy.cut();
    await connected(tier.stats.bind(tier)).toBe(false);
    await expect(tier.set(...f1, record([1]))).rejects.toThrow(RedisAccessError);
    await other.delete(...f1);
    await connected(tier.stats.bind(tier)).toBe(true);
    expect(await stored).toBeInstanceOf(RedisAccessError);
    expect(await other.get(...f1)).toBeUndefined();
  },
);
