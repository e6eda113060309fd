/** The Redis tier against a real server: the suites, records, leases, and what others put there. */

import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Codec } from '../../src/protocol.ts';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import { RedisNames } from '../../src/tiers/redis/names.ts';
import type { RedisTierOptions } from '../../src/tiers/redis/options.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import { inFull } from '../effort.ts';
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
function openTier(options: RedisTierOptions = {}, clock = systemClock): RedisTier {
  const where = options.client ? {} : { url: server.url };
  const tier = openRedisTier({ ...where, prefix, timeout: 5000, ...options }, clock);
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

test('settings of a client that is handed in are used, but for those that only suit its owner', async () => {
  const own = { commandsQueueMaxLength: 1, readonly: true, pingInterval: 1 };
  const tier = openTier({ client: createClient({ url: server.url, database: 1, ...own }) });
  const keys = Array.from({ length: 10 }, (_, n) => `f(${n})`);
  await Promise.all(keys.map((key) => tier.set('f', key, record([1]))));
  expect(tier.stats()).toMatchObject({ connected: true, outages: 0 });
  expect(await server.command('INFO', 'keyspace')).toContain('db1:');
});

const f = 'f';
const f1 = ['f', 'f(1)'] as const;
const soon = () => Date.now() + 60_000;

/** The one key of a kind that this test has in Redis. */
async function nameOf(kind: 'r' | 'l'): Promise<string> {
  const names = (await server.command('KEYS', `${prefix}:{*}:${kind}:*`)) as string[];
  expect(names).toHaveLength(1);
  return names[0] as string;
}

/** What Redis has under a name, as bytes. */
async function bytesOf(name: string): Promise<Buffer> {
  const text = (await server.command('EVAL', HEX, '1', name)) as string;
  return Buffer.from(text, 'hex');
}
const HEX =
  "return (redis.call('GET', KEYS[1]):gsub('.', function(c) return ('%02x'):format(c:byte()) end))";

const minutes = (count: number): Clock => ({
  ...systemClock,
  date: () => Date.now() + count * 60_000,
});

describe('a record', () => {
  test('ends in Redis by itself, with its ttl or after maxAge', async () => {
    const tier = openTier({ maxAge: '1h' });
    await tier.set(...f1, { ...record([1]), expiresAt: soon() });
    expect(await server.command('PTTL', await nameOf('r'))).toBeLessThanOrEqual(60_000);
    await tier.set(...f1, { ...record([1]), expiresAt: Number.POSITIVE_INFINITY });
    const left = await server.command('PTTL', await nameOf('r'));
    expect(left).toBeGreaterThan(3500_000);
    expect(left).toBeLessThanOrEqual(3600_000);
  });

  test('has the time that is left of it, whatever time the reader and the writer think it is', async () => {
    const [early, late] = [openTier({}, minutes(-10)), openTier({}, minutes(10))];
    const inAMinute = minutes(-10).date() + 60_000;
    await early.set(...f1, { ...record([1]), expiresAt: inAMinute });
    expect((await early.get(...f1))?.expiresAt).toBe(inAMinute);
    const left = ((await late.get(...f1))?.expiresAt ?? 0) - minutes(10).date();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    const answer = await late.lease(...f1);
    expect(answer.state).toBe('found');
  });

  test('without an end has none for others either', async () => {
    await openTier().set(...f1, { ...record([1]), expiresAt: Number.POSITIVE_INFINITY });
    expect(await openTier({}, minutes(10)).get(...f1)).toMatchObject({
      expiresAt: Number.POSITIVE_INFINITY,
    });
  });

  test('that was compressed is small in Redis, and the same when it is read', async () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(100_000)).fill(7);
    const value = { codec: Codec.uint8array, bytes };
    await openTier({ compressAbove: '1kb' }).set(...f1, { ...record([]), value });
    expect(await server.command('STRLEN', await nameOf('r'))).toBeLessThan(1000);
    const read = await openTier().get(...f1);
    expect(Buffer.from(bytes).equals(read?.value.bytes ?? Buffer.of())).toBe(true);
  });

  test('of megabytes, in shared memory, is the same when it is read', async () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(5_000_000)).map((_, at) => at * 31);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const tier = openTier();
    await tier.set(...f1, { ...record([]), value: { codec: Codec.buffer, bytes: shared } });
    expect(Buffer.from(shared).equals((await tier.get(...f1))?.value.bytes ?? Buffer.of())).toBe(
      true,
    );
  });

  const secret = 'a secret of enough bytes';
  const wrongs: Record<string, (name: string, bytes: Buffer) => Promise<unknown>> = {
    'with any byte changed': async (name, bytes) => {
      const at = 20 + Math.floor(Math.random() * (bytes.length - 20));
      bytes[at] = (bytes[at] as number) ^ 1;
      await server.command('SET', name, bytes, 'KEEPTTL');
    },
    'that is cut short': (name, bytes) =>
      server.command('SET', name, bytes.subarray(0, -1), 'KEEPTTL'),
    'of an older version': (name, bytes) => {
      bytes[2] = 1;
      return server.command('SET', name, bytes, 'KEEPTTL');
    },
    'of a newer version': (name, bytes) => {
      bytes[2] = 3;
      return server.command('SET', name, bytes, 'KEEPTTL');
    },
    "that is another program's text": (name) => server.command('SET', name, 'hello', 'KEEPTTL'),
    "that is another program's list": async (name) => {
      await server.command('UNLINK', name);
      await server.command('RPUSH', name, 'a', 'b');
    },
    'that another client keeps for ever': (name) => server.command('PERSIST', name),
  };
  describe.each([undefined, secret])('with the secret %s', (secret) => {
    const options = secret ? { secret } : {};
    test.each(Object.keys(wrongs))('%s is a miss, counted, and removed', async (what) => {
      for (const ask of ['get', 'lease'] as const) {
        const tier = openTier(options);
        await tier.set(...f1, record([1, 2, 3]));
        const name = await nameOf('r');
        await wrongs[what]?.(name, await bytesOf(name));
        const answer = ask === 'get' ? await tier.get(...f1) : await tier.lease(...f1);
        if (ask === 'get') expect(answer).toBeUndefined();
        else expect(answer).toMatchObject({ state: 'granted' });
        expect(tier.stats().damaged).toBe(1);
        expect(await server.command('EXISTS', name)).toBe(0);
      }
    });
  });

  test.each([
    ['no secret', secret, undefined],
    ['another secret', secret, 'another secret of enough bytes'],
    ['a secret, where it was not signed', undefined, secret],
  ])('is not believed with %s', async (_, written, read) => {
    await openTier({ ...(written && { secret: written }) }).set(...f1, record([1]));
    const reader = openTier({ ...(read && { secret: read }) });
    expect(await reader.get(...f1)).toBeUndefined();
    expect(reader.stats().damaged).toBe(1);
  });

  test('that this process cannot use is removed and counted, and no other process is notified', async () => {
    const [tier, other] = [openTier(), openTier()];
    await tier.set(...f1, record([1]));
    const heard: unknown[] = [];
    other.onInvalidate((what) => heard.push(what));
    await other.get('g', 'g(1)');
    await tier.discard(...f1);
    expect(await other.get(...f1)).toBeUndefined();
    expect(tier.stats().damaged).toBe(1);
    await tier.delete('g', 'g(1)');
    await expect.poll(() => heard).toEqual([{ of: 'key', functionId: 'g', key: 'g(1)' }]);
  });

  test('of another key is not believed, signed as it is', async () => {
    const tier = openTier({ secret });
    await tier.set(...f1, record([1]));
    const one = await nameOf('r');
    const stolen = await bytesOf(one);
    await tier.delete(...f1);
    // Any place in the same bucket, so that its generations are right.
    let other = 2;
    const names = new RedisNames(prefix);
    while (names.key(f, `f(${other})`).all !== names.key(...f1).all) other++;
    await server.command('SET', names.key(f, `f(${other})`).record, stolen, 'PX', '60000');
    expect(await tier.get(f, `f(${other})`)).toBeUndefined();
    expect(tier.stats().damaged).toBe(1);
  });

  test('of a generation that has ended never comes back, whatever becomes of the generations', async () => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    const name = await nameOf('r');
    const old = await bytesOf(name);
    for (const end of [
      () => tier.clear('f'),
      () => tier.clear(),
      () => server.command('UNLINK', ...new RedisNames(prefix).generations()),
      () => server.command('SET', new RedisNames(prefix).key(...f1).own, 'foreign!'),
    ]) {
      await end();
      await server.command('SET', name, old, 'PX', '60000');
      expect(await tier.get(...f1)).toBeUndefined();
      await tier.set(f, 'f(2)', record([2]));
      await server.command('SET', name, old, 'PX', '60000');
      expect(await tier.get(...f1)).toBeUndefined();
    }
    expect(tier.stats().damaged).toBe(0);
  });
});

describe('an invalidation', () => {
  test('reaches all others, in order, and not its sender', async () => {
    const tiers = [openTier(), openTier(), openTier()] as const;
    const heard = tiers.map((tier) => {
      const all: object[] = [];
      tier.onInvalidate((what) => all.push(what));
      return all;
    });
    // Connected, so that they hear it.
    for (const tier of tiers) await tier.get(...f1);
    const lone = { of: 'key', functionId: 'f', key: 'f(\ud800)' };
    await tiers[0].delete(lone.functionId, lone.key);
    await tiers[0].clear('g');
    await tiers[0].clear();
    await tiers[1].clear('last');
    const last = { of: 'function', functionId: 'last' };
    await expect
      .poll(() => heard[2])
      .toEqual([lone, { of: 'function', functionId: 'g' }, { of: 'all' }, last]);
    await expect.poll(() => heard[0]).toEqual([last]);
    expect(heard[1]).toEqual([lone, { of: 'function', functionId: 'g' }, { of: 'all' }]);
    expect(tiers[2].stats().heard).toBe(4);
  });

  test('that is none is ignored', async () => {
    const tier = openTier();
    const heard: object[] = [];
    tier.onInvalidate((what) => heard.push(what));
    await tier.get(...f1);
    const channel = new RedisNames(prefix).invalidations;
    for (const foreign of [
      '',
      'hello',
      '[1,2,3]',
      '{}',
      '["x",null,"key"]',
      '["x","f"]',
      '["x","f",null]',
    ]) {
      await server.command('PUBLISH', channel, foreign);
    }
    await expect.poll(() => heard).toEqual([{ of: 'function', functionId: 'f' }]);
  });
});

describe('Redis itself', () => {
  test('that was flushed has nothing, and no lease', async () => {
    const tier = openTier();
    await tier.set(f, 'f(2)', record([2]));
    const answer = await tier.lease(...f1);
    await server.command('FLUSHALL');
    expect(await tier.get(f, 'f(2)')).toBeUndefined();
    if (answer.state !== 'granted') throw new Error(answer.state);
    expect(await answer.lease.store(record([1]))).toBe(false);
    await tier.set(...f1, record([3]));
    expect(await tier.get(...f1)).toMatchObject(record([3]));
  });

  test('that has forgotten the scripts is sent them again', async () => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    await server.command('SCRIPT', 'FLUSH');
    expect(await tier.get(...f1)).toBeDefined();
    expect(await tier.lease(...f1)).toMatchObject({ state: 'found' });
  });

  test('that may not run scripts fails what is asked, and the tier goes on', async () => {
    await server.command(
      'ACL',
      'SETUSER',
      prefix,
      'on',
      '>pw',
      '~*',
      '&*',
      '+@all',
      '-eval',
      '-evalsha',
    );
    const tier = openTier({ url: `redis://${prefix}:pw@127.0.0.1:${server.port}` });
    await expect(tier.get(...f1)).rejects.toThrow(/NOPERM/);
    await expect(tier.lease(...f1)).rejects.toThrow(/NOPERM/);
    expect(tier.stats()).toMatchObject({ connected: true, outages: 0 });
    await server.command('ACL', 'SETUSER', prefix, '+@all');
    await tier.set(...f1, record([1]));
    expect(await tier.get(...f1)).toBeDefined();
    await server.command('ACL', 'DELUSER', prefix);
  });

  test('that is full fails writes, never serves what they should have replaced, and forgets', async () => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    await tier.set(f, 'f(2)', record([2]));
    await tier.set('g', 'g(1)', record([3]));
    const held = await tier.lease(f, 'f(3)');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await expect(tier.set(...f1, record([4]))).rejects.toThrow(/OOM/);
      expect(await tier.get(...f1)).toBeUndefined();
      await expect(tier.lease(...f1)).rejects.toThrow(/OOM/);
      expect(await tier.get('g', 'g(1)')).toMatchObject(record([3]));
      if (held.state !== 'granted') throw new Error(held.state);
      await expect(held.lease.store(record([5]))).rejects.toThrow(/OOM/);
      await tier.delete(f, 'f(2)');
      expect(await tier.get(f, 'f(2)')).toBeUndefined();
      await tier.clear('g');
      expect(await tier.get('g', 'g(1)')).toBeUndefined();
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await tier.lease(f, 'f(3)')).toMatchObject({ state: 'granted' });
    expect(tier.stats().outages).toBe(0);
  });

  test.runIf(inFull)(
    'that evicts what it likes gives no wrong record, and no old one',
    async () => {
      const tier = openTier();
      const used = Number(
        /used_memory:(\d+)/.exec(String(await server.command('INFO', 'memory')))?.[1],
      );
      await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
      await server.command('CONFIG', 'SET', 'maxmemory', String(used + 1_000_000));
      try {
        for (let round = 0; round < 3; round++) {
          const sets = range(1000).map((n) => tier.set(f, `f(${n})`, record(bytesFor(n, round))));
          await Promise.all(sets);
          for (const n of range(1000)) {
            const found = await tier.get(f, `f(${n})`);
            if (found) expect([...found.value.bytes]).toEqual(bytesFor(n, round));
          }
          await tier.clear('f');
          const after = await Promise.all(range(1000).map((n) => tier.get(f, `f(${n})`)));
          expect(after.filter(Boolean)).toEqual([]);
        }
        expect(String(await server.command('INFO', 'stats'))).not.toContain('evicted_keys:0\r');
        expect(tier.stats()).toMatchObject({ damaged: 0, outages: 0 });
      } finally {
        await server.command('CONFIG', 'SET', 'maxmemory', '0');
        await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      }
    },
  );
});

const range = (count: number) => Array.from({ length: count }, (_, at) => at);
const bytesFor = (n: number, round: number) => range(2000).map((at) => (n + at + round) % 256);
