/** Redis away, slow, or gone without a word: nothing hangs, nothing is wrong, and it is used again. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RedisAccessError } from '../../src/errors.ts';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import { leaseTimes } from '../../src/tiers/redis/leases.ts';
import type { NodeRedisLike } from '../../src/tiers/redis/options.ts';
import { openRedisTier, type RedisTimes } from '../../src/tiers/redis/redis-tier.ts';
import { inFull, variants } from '../effort.ts';
import { record } from '../suites/tier.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const f1 = ['f', 'f(1)'] as const;
const { value } = record([1]);
const NEVER = 1_000_000;
/** So long that only what ends by itself, and not by a limit of the system's, is in time. */
const AT_ONCE = 100_000;
const times: RedisTimes = { ...leaseTimes, retry: 30, ping: NEVER, pingWhenWaiting: NEVER };

let server: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());

const open = new Set<RedisTier>();
const warnings: string[] = [];
const warned = ({ name, message }: Error) => name === 'ThreadmemoWarning' && warnings.push(message);
let prefix = '';
beforeEach(async ({ skip }) => {
  if (withoutRedis) skip();
  proxy = await proxyTo(server.port);
  prefix = `t${Math.random().toString(36).slice(2)}`;
  warnings.length = 0;
  process.on('warning', warned);
});
afterEach(async () => {
  process.off('warning', warned);
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
  await proxy?.close();
});

/** One that is cut off where the test says so. It is connected, however long that has taken. */
async function openTier(changes: Partial<RedisTimes> = {}, timeout = 200): Promise<RedisTier> {
  const url = `redis://127.0.0.1:${proxy.port}`;
  const options = { url, prefix, timeout, connectTimeout: 400 };
  const tier = openRedisTier(options, undefined, { ...times, ...changes });
  open.add(tier);
  await up(tier);
  return tier;
}

/** One that never is. */
function openOther(): RedisTier {
  const tier = openRedisTier({ url: server.url, prefix, timeout: 5000 });
  open.add(tier);
  return tier;
}

const connected = (tier: RedisTier) =>
  expect.poll(() => tier.stats().connected, { timeout: AT_ONCE, interval: 5 });

async function up(tier: RedisTier): Promise<void> {
  await connected(tier).toBe(true);
}

/** On a busy machine Redis may be away for a moment, which is no fault of the tier's. */
async function whenUp<T>(tier: RedisTier, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    await up(tier);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RedisAccessError)) throw error;
    }
  }
}

/** Each way of going away, and of coming back. */
const outages: Record<string, { begin(): unknown; end(): unknown }> = {
  'connections that are cut': {
    begin: () => proxy.cut(),
    end: () => {},
  },
  'a black hole': {
    begin: () => {
      proxy.weather = 'black hole';
    },
    end: () => {
      proxy.weather = 'fine';
    },
  },
  'answers that do not arrive': {
    begin: () => {
      proxy.weather = 'half open';
    },
    end: () => {
      proxy.weather = 'fine';
    },
  },
  'answers that are late': {
    begin: () => {
      proxy.delay = 1000;
    },
    end: () => {
      proxy.delay = 0;
    },
  },
};

/** All of them with `OUTAGES=4`. */
const most = Number(process.env['OUTAGES'] ?? (inFull ? 2 : 1));
describe.each(Object.keys(outages).slice(0, most))('%s', (what) => {
  const begin = () => outages[what]?.begin();
  const end = () => outages[what]?.end();

  test('fail what is asked in time, what is asked after that at once, and end', async () => {
    const tier = await openTier({ retry: 300 });
    await whenUp(tier, () => tier.set(...f1, record([1])));
    const { outages } = tier.stats();
    warnings.length = 0;
    await begin();
    const asked = Array.from({ length: 100 }, () => tier.get(...f1));
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
    await expect(tier.get(...f1)).rejects.toThrow(RedisAccessError);
    await expect(tier.lease(...f1)).rejects.toThrow(RedisAccessError);
    expect(tier.stats()).toMatchObject({ connected: false, outages: outages + 1 });
    expect(warnings).toHaveLength(1);
    await end();
    expect(await whenUp(tier, () => tier.get(...f1))).toMatchObject({ value });
  });

  test('are noticed where nothing is asked, and what may have been missed is reported', async () => {
    const tier = await openTier({ ping: 20 });
    const heard: object[] = [];
    tier.onInvalidate((what) => heard.push({ ...what, connected: tier.stats().connected }));
    await begin();
    await connected(tier).toBe(false);
    await openOther().delete(...f1);
    await end();
    await up(tier);
    // Before it is used again.
    expect(heard).toContainEqual({ of: 'all', connected: false });
  });

  test('wake calls that wait for another process', async () => {
    const tier = await openTier({ pingWhenWaiting: 20 });
    expect(await openOther().lease(...f1)).toMatchObject({ state: 'granted' });
    const answer = await whenUp(tier, () => tier.lease(...f1));
    if (answer.state !== 'held') throw new Error(answer.state);
    await begin();
    await answer.over;
    await end();
    expect(await whenUp(tier, () => tier.lease(...f1))).toMatchObject({ state: 'held' });
  });

  test('do not bring back what was invalidated meanwhile', async () => {
    const tier = await openTier();
    const other = openOther();
    const functions = ['f', 'g', 'h'] as const;
    for (const fn of functions) await other.set(fn, `${fn}(1)`, record([1]));
    await begin();
    await expect(tier.delete(...f1)).rejects.toThrow();
    await expect(tier.clear('g')).rejects.toThrow();
    await end();
    expect(await whenUp(tier, () => tier.get(...f1))).toBeUndefined();
    expect(await other.get('g', 'g(1)')).toBeUndefined();
    expect(await other.get('h', 'h(1)')).toBeDefined();
  });

  test('do not hold up the close', async () => {
    const tier = await openTier();
    await whenUp(tier, () => tier.lease(...f1));
    await begin();
    const started = performance.now();
    await tier.close();
    expect(performance.now() - started).toBeLessThan(AT_ONCE);
    await expect(tier.get(...f1)).rejects.toThrow(/was closed/);
  });
});

test.runIf(inFull)(
  'a server that is slow once is used again, and nothing counts as missed',
  async () => {
    const tier = await openTier({}, 400);
    const heard: object[] = [];
    tier.onInvalidate((what) => heard.push(what));
    const connections = proxy.accepted;
    proxy.delay = 600;
    await expect(tier.get(...f1)).rejects.toThrow(RedisAccessError);
    proxy.delay = 0;
    await up(tier);
    expect(await tier.get(...f1)).toBeUndefined();
    expect(heard).toEqual([]);
    expect(proxy.accepted).toBe(connections);
  },
);

test.runIf(inFull)(
  'a process that was busy for longer than the time limit has missed nothing',
  async () => {
    const tier = await openTier({}, 200);
    await whenUp(tier, () => tier.set(...f1, record([1])));
    const { outages } = tier.stats();
    const asked = tier.get(...f1);
    // The command goes out first.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const until = performance.now() + 600;
    while (performance.now() < until);
    expect(await asked).toMatchObject({ value });
    expect(tier.stats().outages).toBe(outages);
  },
);

test.each(variants(['pubsub', 'normal'], 1))(
  'a killed %s connection is made again',
  async (type) => {
    const tier = await openTier();
    const heard: object[] = [];
    tier.onInvalidate((what) => heard.push(what));
    await server.command('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    await connected(tier).toBe(false);
    await up(tier);
    expect(heard).toContainEqual({ of: 'all' });
    await whenUp(tier, () => tier.set(...f1, record([1])));
    expect(await whenUp(tier, () => tier.get(...f1))).toMatchObject({ value });
  },
);

test.runIf(inFull).each(['a black hole', 'connections that are cut'])(
  'a client of ioredis is used again after %s',
  async (what) => {
    const client = new Redis(proxy.port, { lazyConnect: true, keyPrefix: 'ignored' });
    const options = { client, prefix, timeout: 400, connectTimeout: 400 };
    const tier = openRedisTier(options, undefined, { ...times, ping: 20 });
    open.add(tier);
    await whenUp(tier, () => tier.set(...f1, record([1])));
    outages[what]?.begin();
    await connected(tier).toBe(false);
    outages[what]?.end();
    expect(await whenUp(tier, () => tier.get(...f1))).toMatchObject({ value });
    expect(client.status).toBe('wait');
  },
);

describe('a server that is not there', () => {
  let own: RedisServer;
  beforeEach(async () => {
    own = await startRedis();
  });
  afterEach(() => own?.stop());

  /** As before 6.3: it cannot be destroyed when it is not open. */
  function olderClient(url: string): NodeRedisLike {
    const given = createClient({ url });
    const original = given.duplicate.bind(given);
    const duplicate = (overrides: object) => {
      const client = original(overrides);
      const destroy = client.destroy.bind(client);
      client.destroy = () => {
        if (!client.isOpen) throw new Error('The client is closed');
        destroy();
      };
      return client;
    };
    return Object.assign(given, { duplicate });
  }

  test.each(variants(['url', 'older client'], 1))(
    'when the tier is opened is used when it comes: by %s',
    async (by) => {
      await own.stop();
      const where = by === 'url' ? { url: own.url } : { client: olderClient(own.url) };
      const tier = openRedisTier({ ...where, prefix, timeout: 2000 }, undefined, times);
      open.add(tier);
      const heard: object[] = [];
      tier.onInvalidate((what) => heard.push(what));
      await expect(tier.get(...f1)).rejects.toThrow(RedisAccessError);
      await own.start();
      await up(tier);
      await tier.set(...f1, record([1]));
      expect(await tier.get(...f1)).toMatchObject({ value });
      // What was used meanwhile may have been invalidated elsewhere. The rest is as before the start.
      expect(heard).toEqual([{ of: 'function', functionId: 'f' }]);
      expect(warnings).toHaveLength(1);
    },
  );

  test('any more, and comes back empty, has no lease and no record', async () => {
    const tier = openRedisTier({ url: own.url, prefix, timeout: 2000 }, undefined, times);
    open.add(tier);
    await tier.set('f', 'f(2)', record([2]));
    const answer = await tier.lease(...f1);
    if (answer.state !== 'granted') throw new Error(answer.state);
    await own.stop();
    await connected(tier).toBe(false);
    await own.start();
    await up(tier);
    expect(await tier.get('f', 'f(2)')).toBeUndefined();
    expect(await answer.lease.store(record([1]))).toBe(false);
    expect(await tier.lease(...f1)).toMatchObject({ state: 'granted' });
  });
});

describe('a process', () => {
  const idle = fileURLToPath(new URL('redis-app/idle.mjs', import.meta.url));
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [idle, ...args]);

  test.runIf(inFull).each(['redis', 'ioredis'])(
    'with an open tier by %s, that has nothing to do, ends',
    async (by) => {
      expect(await run(server.url, by)).toEqual({ stdout: 'true\n', stderr: '' });
    },
  );

  test.runIf(inFull)('with an open tier, and no Redis, ends', async () => {
    proxy.weather = 'black hole';
    const { stdout, stderr } = await run(`redis://127.0.0.1:${proxy.port}`, 'redis');
    expect(stdout).toBe('RedisAccessError\n');
    expect(stderr).toContain('ThreadmemoWarning: Redis cannot be used');
  });
});
