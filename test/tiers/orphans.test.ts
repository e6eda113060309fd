/** No process waits for a lease without a holder: its answer came too late, or its end could not be told. */

import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { RedisAccessError, TierAccessError } from '../../src/errors.ts';
import { openMemcachedTier } from '../../src/tiers/memcached/memcached-tier.ts';
import { Orphans } from '../../src/tiers/orphans.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import type { LeaseAnswer, Tier } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { record } from '../suites/tier.ts';
import { type MemcachedServer, startMemcached, withoutMemcached } from './memcached-server.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const f1 = ['f', 'f(1)'] as const;
const NEVER = 1_000_000;
type Leasing = Tier & Required<Pick<Tier, 'lease'>>;

const open = new Set<Tier>();
let prefix = '';
let proxy: TcpProxy;
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  prefix = `t${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
  await proxy?.close();
  vi.restoreAllMocks();
});

function opened<T extends Tier>(tier: T): T {
  open.add(tier);
  return tier;
}

/** On a busy machine a server may be away for a moment, which is no fault of the tier's. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RedisAccessError || error instanceof TierAccessError)) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function granted(tier: Leasing) {
  const answer = await answered(() => tier.lease(...f1));
  if (answer.state !== 'granted') throw new Error(answer.state);
  return answer.lease;
}

async function waiting(tier: Leasing) {
  const answer = await tier.lease(...f1);
  if (answer.state !== 'held') throw new Error(answer.state);
  return answer;
}

/** A lease lives for a minute here, so who gets it has not waited for its end. */
async function getsIt(tier: Leasing, answer: Extract<LeaseAnswer, { state: 'held' }>) {
  for (let now: LeaseAnswer = answer; now.state === 'held'; now = await tier.lease(...f1)) {
    await now.over;
  }
}

describe.skipIf(withoutRedis)('Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    proxy = await proxyTo(server.port);
  });

  function openTier(port: number, timeout: number, renewEvery = NEVER): Leasing {
    const options = { url: `redis://127.0.0.1:${port}`, prefix, timeout, connectTimeout: 5000 };
    const lease = { life: 60_000, renewEvery, lookEvery: NEVER };
    const pings = { retry: 20, ping: NEVER, pingWhenWaiting: NEVER };
    return opened(openRedisTier(options, undefined, { ...lease, ...pings }));
  }

  test.runIf(inFull)('a lease whose answer came too late is released', async () => {
    const [tier, other] = [openTier(proxy.port, 300), openTier(server.port, 5000)];
    await answered(() => tier.get(...f1));
    proxy.delay = 500;
    await expect(tier.lease(...f1)).rejects.toThrow();
    const answer = await waiting(other);
    proxy.delay = 0;
    await getsIt(other, answer);
  });

  test.each([
    ['is full, but lets go', 'maxmemory', '1', NEVER],
    ['takes nothing for a while', 'min-replicas-to-write', '1', 20],
  ])(
    'a lease whose record is refused by one that %s is released',
    async (_, what, value, every) => {
      const [tier, other] = [openTier(server.port, 5000, every), openTier(server.port, 5000)];
      const lease = await granted(tier);
      const answer = await waiting(other);
      await server.command('CONFIG', 'SET', what, value);
      await expect(lease.store(record([1]))).rejects.toThrow();
      if (what === 'maxmemory') await answer.over;
      await server.command('CONFIG', 'SET', what, '0');
      await getsIt(other, answer);
      expect(await lease.store(record([1]))).toBe(false);
    },
  );

  test('a lease that is released while Redis is away is released when it is there again', async () => {
    const [tier, other] = [openTier(proxy.port, 2000), openTier(server.port, 5000)];
    const lease = await granted(tier);
    const answer = await waiting(other);
    proxy.cut();
    await expect(lease.release()).rejects.toThrow();
    await getsIt(other, answer);
  });
});

describe.skipIf(withoutMemcached)('memcached', () => {
  let server: MemcachedServer;
  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    proxy = await proxyTo(server.port);
  });

  function openTier(port: number, timeout: number, connectBy?: () => Socket): Leasing {
    const options = { servers: `127.0.0.1:${port}`, prefix, timeout, connectTimeout: 5000 };
    const times = { life: 60, renewEvery: NEVER, retry: 20 };
    const by = connectBy && { connect: connectBy };
    return opened(openMemcachedTier({ ...options, ...by }, undefined, times));
  }

  test('a lease whose answer came too late is released', async () => {
    // What is looked at is answered, and what is written arrives, and is not.
    const socket = () => {
      const made = connect(proxy.port, '127.0.0.1');
      const write = made.write.bind(made) as (chunk: unknown) => boolean;
      return Object.assign(made, {
        write(chunk: unknown) {
          if (String(chunk).startsWith('ms ') && String(chunk).includes(':r:')) {
            proxy.weather = 'half open';
          }
          return write(chunk);
        },
      });
    };
    const [tier, other] = [openTier(proxy.port, 300, socket), openTier(server.port, 5000)];
    await answered(() => tier.get(...f1));
    await expect(tier.lease(...f1)).rejects.toThrow();
    const answer = await waiting(other);
    proxy.weather = 'fine';
    proxy.cut();
    await getsIt(other, answer);
  });

  test('a lease whose store was given up is released', async () => {
    const [tier, other] = [openTier(proxy.port, 300), openTier(server.port, 5000)];
    const lease = await granted(tier);
    const answer = await waiting(other);
    proxy.weather = 'black hole';
    await expect(lease.store(record([1]))).rejects.toThrow();
    proxy.weather = 'fine';
    proxy.cut();
    await getsIt(other, answer);
  });
});

test('one that cannot be released is let alone after some tries, and of many the oldest', async () => {
  const asked: number[] = [];
  const orphans = new Orphans<number>(async (lease) => {
    asked.push(lease);
    throw new Error('READONLY');
  });
  for (let lease = 0; lease < 1100; lease++) orphans.add(lease);
  await orphans.release(() => false);
  expect(asked).toEqual([]);
  for (let round = 0; round < 9; round++) await orphans.release((lease) => lease < 200);
  expect(asked).toHaveLength(500);
});
