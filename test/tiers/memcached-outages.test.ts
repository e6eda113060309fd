/** memcached away, restarted, slow, or gone without a word: no call hangs, and nothing old comes back. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { TierAccessError } from '../../src/errors.ts';
import type { MemcachedTier } from '../../src/tiers/memcached/contract.ts';
import { openMemcachedTier } from '../../src/tiers/memcached/memcached-tier.ts';
import { variants } from '../effort.ts';
import { increment } from '../fixtures/quick.ts';
import { record } from '../suites/tier.ts';
import { open, rejection } from '../threads/open.ts';
import { type MemcachedServer, startMemcached, withoutMemcached } from './memcached-server.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';

const times = { life: 5, renewEvery: 100, retry: 20 };
const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;

const opened: MemcachedTier[] = [];
let server: MemcachedServer;
let proxy: TcpProxy;
let warned: ReturnType<typeof vi.spyOn>;
beforeEach(async ({ skip }) => {
  warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  if (withoutMemcached) return skip();
  server = await startMemcached();
  proxy = await proxyTo(server.port);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tier) => tier.close()));
  vi.restoreAllMocks();
  await proxy?.close();
  await server?.stop();
});

function openTier(options: object = {}, servers = `127.0.0.1:${proxy.port}`): MemcachedTier {
  const tier = openMemcachedTier({ servers, timeout: 2000, ...options }, systemClock, times);
  opened.push(tier);
  return tier;
}

/** Asks until it is answered. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TierAccessError)) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test('away from the start: calls are answered, one warning says so, and it is used when it comes', async () => {
  await server.stop();
  const tier = openTier({}, server.address);
  const pool = await open({ threads: 1, tiers: [tier] });
  expect(await increment(1)).toBe(2);
  for (const work of [tier.get(...f1), tier.set(...f1, record([1])), tier.lease(...f1)]) {
    expect(await rejection(work)).toBeInstanceOf(TierAccessError);
  }
  expect(pool.stats().tiers['memcached']?.failures).toBeGreaterThan(0);
  expect(warned).toHaveBeenCalledOnce();
  await server.start();
  await answered(() => tier.set(...f1, record([1])));
  expect(await tier.get(...f1)).toEqual(record([1]));
  expect(tier.stats()).toMatchObject({ connected: 1, outages: 1 });
});

test('restarted empty: what was there is a miss, and leases have ended', async () => {
  const tier = openTier({}, server.address);
  await tier.set(...f1, record([1]));
  const answer = await tier.lease(...f2);
  await server.stop();
  await server.start();
  expect(await answered(() => tier.get(...f1))).toBeUndefined();
  if (answer.state !== 'granted') throw new Error(answer.state);
  expect(await answer.lease.store(record([2]))).toBe(false);
  expect(await tier.get(...f2)).toBeUndefined();
  await tier.set(...f1, record([3]));
  expect(await tier.get(...f1)).toEqual(record([3]));
});

describe.each(variants(['black hole', 'half open'], 1))('a %s', (weather) => {
  test('holds up one round of calls for the time limit, and none after it', async () => {
    const tier = openTier({ timeout: 100 });
    await answered(() => tier.set(...f1, record([1])));
    warned.mockClear();
    proxy.weather = weather;
    const round = await Promise.all(
      Array.from({ length: 50 }, (_, n) => rejection(tier.get('f', `f(${n})`))),
    );
    const accepted = proxy.accepted;
    for (const error of round) expect(error).toBeInstanceOf(Error);
    for (let n = 0; n < 1000; n++) {
      expect(await rejection(tier.get(...f1))).toBeInstanceOf(TierAccessError);
    }
    expect(proxy.accepted - accepted).toBeLessThan(50);
    expect(warned).toHaveBeenCalledOnce();
    proxy.weather = 'fine';
    proxy.cut();
    expect(await answered(() => tier.get(...f1))).toEqual(record([1]));
  });

  const ways: [string, (tier: MemcachedTier) => Promise<void>][] = [
    ['deleted', (tier) => tier.delete(...f1)],
    ['cleared', (tier) => tier.clear('f')],
    ['cleared with all', (tier) => tier.clear()],
  ];
  test.each(variants(ways, 1))('brings nothing back that was %s meanwhile', async (_, forget) => {
    const tier = openTier({ timeout: 100 });
    await answered(() => tier.set(...f1, record([1])));
    proxy.weather = weather;
    expect(await rejection(forget(tier))).toBeInstanceOf(TierAccessError);
    proxy.weather = 'fine';
    proxy.cut();
    expect(await answered(() => tier.get(...f1))).toBeUndefined();
  });

  test('ends the waits for what others compute', async () => {
    const other = openTier({}, server.address);
    expect((await other.lease(...f1)).state).toBe('granted');
    const tier = openTier({ timeout: 100 });
    const answer = await answered(() => tier.lease(...f1));
    if (answer.state !== 'held') throw new Error(answer.state);
    proxy.weather = weather;
    await answer.over;
  });
});

test('a connection that ends rejects what was asked, and another one is made', async () => {
  const tier = openTier();
  await tier.set(...f1, record([1]));
  proxy.weather = 'black hole';
  const asked = rejection(tier.get(...f1));
  proxy.weather = 'fine';
  proxy.cut();
  await asked;
  expect(await answered(() => tier.get(...f1))).toEqual(record([1]));
});

test('a store whose answer is lost is made once, if at all, and never by the late', async () => {
  const tier = openTier({ timeout: 100 });
  let answer = await answered(() => tier.lease(...f1));
  // On a slow machine, one may be granted too late for its answer, and has to be given back.
  while (answer.state === 'held') {
    await answer.over;
    answer = await answered(() => tier.lease(...f1));
  }
  if (answer.state !== 'granted') throw new Error(answer.state);
  proxy.weather = 'half open';
  expect(await rejection(answer.lease.store(record([1])))).toBeInstanceOf(Error);
  proxy.weather = 'fine';
  proxy.cut();
  expect(await answer.lease.store(record([2]))).toBe(false);
  expect((await answered(() => tier.get(...f1)))?.value).toEqual(record([1]).value);
});

describe('what is no memcached of these days', () => {
  test.each([
    ['another server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['an older memcached', 'ERROR\r\n'],
    ['a line without an end', 'x'.repeat(10_000)],
  ])('%s is away, and the warning says what is wrong', async (_, answer) => {
    const listener: Server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(answer);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    onTestFinished(() => void listener.close());
    const { port } = listener.address() as { port: number };
    const tier = openTier({}, `127.0.0.1:${port}`);
    expect(await rejection(tier.get(...f1))).toBeInstanceOf(TierAccessError);
    expect(warned).toHaveBeenCalledOnce();
    expect(warned.mock.calls[0]?.[0]).toContain('should be memcached 1.6 or later');
  });
});

test('a connection that cannot be made is an outage, too', async () => {
  const tier = openTier({
    connect: () => {
      throw new Error('no way there');
    },
  });
  expect(await rejection(tier.get(...f1))).toBeInstanceOf(TierAccessError);
  expect(warned.mock.calls[0]?.[0]).toContain('no way there');
});

test('closed: everything is refused, and says why', async () => {
  const tier = openTier();
  await tier.set(...f1, record([1]));
  await tier.close();
  expect((await rejection(tier.get(...f1))).message).toContain('closed');
});
