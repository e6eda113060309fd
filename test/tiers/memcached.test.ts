/** The memcached tier against a real server: the suite, items, leases, and what others put there. */

import { connect } from 'node:net';
import { OptionError } from 'threadmemo';
import { memcachedTier } from 'threadmemo/memcached';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { MemcachedTier } from '../../src/tiers/memcached/contract.ts';
import { openMemcachedTier } from '../../src/tiers/memcached/memcached-tier.ts';
import { serverOf } from '../../src/tiers/memcached/names.ts';
import type { MemcachedTierOptions } from '../../src/tiers/memcached/options.ts';
import { inFull } from '../effort.ts';
import { increment } from '../fixtures/quick.ts';
import { record, tierSuite } from '../suites/tier.ts';
import { open } from '../threads/open.ts';
import { type MemcachedServer, startMemcached, withoutMemcached } from './memcached-server.ts';

let server: MemcachedServer;
let second: MemcachedServer;
beforeAll(async () => {
  if (withoutMemcached) return;
  server = await startMemcached();
  second = await startMemcached();
});
afterAll(async () => {
  await server?.stop();
  await second?.stop();
});

const opened = new Set<MemcachedTier>();
let prefix = '';
beforeEach(({ skip }) => {
  if (withoutMemcached) skip();
  prefix = `t${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all([...opened].map((tier) => tier.close()));
  opened.clear();
});

const patient = { timeout: 5000, connectTimeout: 20_000 };
const times = { life: 5, renewEvery: 1000, retry: 1000 };

/** Patient, because the machine may be busy. */
function openTier(
  options: MemcachedTierOptions = {},
  clock = systemClock,
  own: Partial<typeof times> = {},
): MemcachedTier {
  const given = { servers: server.address, prefix, ...patient, ...options };
  const tier = openMemcachedTier(given, clock, { ...times, ...own });
  opened.add(tier);
  return tier;
}

/** The clock of a machine on which it is another time. */
function ahead(ms: number): Clock {
  return { ...systemClock, date: () => Date.now() + ms };
}

const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;
const soon = () => Date.now() + 60_000;

async function granted(tier: MemcachedTier, refresh = false) {
  const answer = await tier.lease(...f1, refresh);
  if (answer.state !== 'granted') throw new Error(`it is ${answer.state}`);
  return answer.lease;
}

async function held(tier: MemcachedTier) {
  const answer = await tier.lease(...f1);
  if (answer.state !== 'held') throw new Error(`it is ${answer.state}`);
  return answer;
}

/** The one item of a key's that this test has. */
async function theItem(): Promise<{ name: string; bytes: Buffer }> {
  const names = await server.names();
  const [name, ...others] = names.filter((each) => each.startsWith(`${prefix}:r:`));
  if (name === undefined || others.length > 0) throw new Error('there is not one item');
  const { value } = await server.command(`mg ${name} v`);
  return { name, bytes: value as Buffer };
}

async function replace(name: string, bytes: Buffer): Promise<void> {
  await server.command(`ms ${name} ${bytes.length} T60`, bytes);
}

tierSuite('memcachedTier', () => openTier());
tierSuite('memcachedTier, on two servers, compressed', () =>
  openTier({ servers: [server.address, second.address], compressAbove: 0 }),
);
tierSuite('memcachedTier, over a connection that was handed in', () =>
  openTier({ connect: ({ host, port }) => connect(port, host).unref() }),
);

describe('what is stored', () => {
  test('is found by another process at once, and gone when that clears or deletes it', async () => {
    const [one, other] = [openTier(), openTier()];
    await one.set(...f1, record([1]));
    await one.set(...f2, { ...record([2]), expiresAt: Number.POSITIVE_INFINITY });
    expect((await other.get(...f1))?.value).toEqual(record([1]).value);
    expect((await other.get(...f2))?.expiresAt).toBe(Number.POSITIVE_INFINITY);
    await other.delete(...f1);
    expect(await one.get(...f1)).toBeUndefined();
    await other.clear('f');
    expect(await one.get(...f2)).toBeUndefined();
  });

  test('is as large as memcached takes, byte for byte', async () => {
    const tier = openTier();
    const bytes = Uint8Array.from({ length: 1_040_000 }, (_, at) => at % 251);
    const large = { ...record([]), value: { ...record([]).value, bytes } };
    await tier.set(...f1, large);
    const [one, two] = await Promise.all([tier.get(...f1), openTier().get(...f1)]);
    for (const read of [one, two]) {
      expect(Buffer.from(read?.value.bytes as Uint8Array).equals(bytes)).toBe(true);
    }
  });

  test('expires by the millisecond where it was written', async () => {
    let date = Date.now();
    const tier = openTier({}, { ...systemClock, date: () => date });
    await tier.set(...f1, { ...record([1]), expiresAt: date + 1500 });
    date += 1499;
    expect(await tier.get(...f1)).toBeDefined();
    date += 1;
    expect(await tier.get(...f1)).toBeUndefined();
  });

  test.each([0, 3_600_000, -3_600_000])(
    'expires in another process no later than it should, and little earlier, with a clock %i ms ahead',
    async (ms) => {
      const clock = ahead(ms);
      await openTier().set(...f1, { ...record([1]), expiresAt: soon() });
      const right = Date.now() + 60_000;
      const found = await openTier({ timeout: 1000 }, clock).get(...f1);
      const until = (found?.expiresAt as number) - ms;
      expect(until).toBeLessThan(right);
      expect(until).toBeGreaterThan(Date.now() + 60_000 - 15_000);
    },
  );

  test('is as old in another process as memcached says, whatever the clocks', async () => {
    await openTier().set(...f1, { ...record([1]), expiresAt: soon() });
    const { name } = await theItem();
    const asked = Date.now();
    // As if half of its minute had passed there.
    await server.command(`mg ${name} T30`);
    const found = await openTier({ timeout: 1000 }).get(...f1);
    expect(found?.expiresAt).toBeLessThan(asked + 31_000);
    await server.command(`mg ${name} T2`);
    expect(await openTier().get(...f1)).toBeUndefined();
  });

  test('is given a time that memcached takes for no date, and a longer one than it has', async () => {
    const tier = openTier({ maxAge: '29d' });
    await tier.set(...f1, { ...record([1]), expiresAt: Number.POSITIVE_INFINITY });
    const { name } = await theItem();
    const left = Number((await server.command(`mg ${name} t`)).flags.get('t'));
    expect(left).toBeGreaterThan(28 * 86_400);
    expect(left).toBeLessThan(30 * 86_400);
    await tier.set(...f1, { ...record([1]), expiresAt: Date.now() + 1 });
    expect(Number((await server.command(`mg ${name} t`)).flags.get('t'))).toBeLessThan(4);
  });

  test('serves a pool, beyond its end', async () => {
    const tiers = () => [memcachedTier({ servers: server.address, prefix, ...patient })];
    const pool = await open({ threads: 1, tiers: tiers() });
    expect(await increment(41)).toBe(42);
    await pool.close();
    const again = await open({ threads: 1, tiers: tiers() });
    expect(await increment(41)).toBe(42);
    expect(increment.stats()).toMatchObject({ computations: 0, hits: 1 });
    expect(again.stats().tiers['memcached']).toMatchObject({ hits: 1, failures: 0 });
  });
});

describe('several servers', () => {
  const addresses = ['a:1', 'b:1', 'c:1'].map((address) => ({ address }));
  const names = Array.from({ length: 3000 }, (_, at) => `name ${at}`);

  test('share the names evenly', () => {
    const counts = new Map<string, number>();
    for (const name of names) {
      const { address } = serverOf(addresses, name);
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    for (const { address } of addresses) expect(counts.get(address)).toBeGreaterThan(800);
  });

  test('give up to another one only what goes there, in whatever order they stand', () => {
    const more = [{ address: 'd:1' }, ...[...addresses].reverse()];
    const moved = names.filter((name) => serverOf(more, name) !== serverOf(addresses, name));
    expect(moved.every((name) => serverOf(more, name).address === 'd:1')).toBe(true);
    expect(moved.length).toBeLessThan(1000);
  });
});

describe('a miss, which is removed, is', () => {
  const secret = 'a secret of enough bytes';
  const flipped = (bytes: Buffer, at: number) => {
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] as number) ^ 1;
    return bytes;
  };
  const cases: Record<string, (bytes: Buffer) => Buffer> = {
    'what is no item': () => Buffer.from('hello, world'),
    'an empty item': () => Buffer.of(),
    'an item of another format': (bytes) => flipped(bytes, 2),
    'an item with damage in its lease': (bytes) => flipped(bytes, 10),
    'an item with damage in its time': (bytes) => flipped(bytes, 25),
    'a record of another format': (bytes) => flipped(bytes, 38),
    'a record with damage in its value': (bytes) => flipped(bytes, -1),
    'half an item': (bytes) => bytes.subarray(0, 70),
  };
  test.each(Object.entries(cases))('%s', async (_, damage) => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    const { name, bytes } = await theItem();
    await replace(name, damage(Buffer.from(bytes)));
    expect(await tier.get(...f1)).toBeUndefined();
    expect((await server.command(`mg ${name} v`)).code).toBe('EN');
    expect(tier.stats().damaged).toBe(1);
    await replace(name, damage(Buffer.from(bytes)));
    expect(await (await granted(tier)).store(record([2]))).toBe(true);
    expect(await tier.get(...f1)).toEqual(record([2]));
  });

  test.each([
    ['no secret', secret, undefined],
    ['another secret', secret, 'another secret of enough bytes'],
    ['a secret, where it was not signed', undefined, secret],
  ])('an item that is read with %s', async (_, written, read) => {
    await openTier({ ...(written && { secret: written }) }).set(...f1, record([1]));
    const reader = openTier({ ...(read && { secret: read }) });
    expect(await reader.get(...f1)).toBeUndefined();
    expect(reader.stats().damaged).toBe(1);
  });

  test("another key's item", async () => {
    const tier = openTier();
    await tier.set(...f2, record([2]));
    const { bytes } = await theItem();
    await tier.delete(...f2);
    await tier.set(...f1, record([1]));
    const { name } = await theItem();
    await replace(name, bytes);
    expect(await tier.get(...f1)).toBeUndefined();
  });

  test("another key's lease", async () => {
    const tier = openTier();
    await tier.lease(...f2);
    const { bytes } = await theItem();
    await tier.delete(...f2);
    await tier.lease(...f1);
    await replace((await theItem()).name, bytes);
    await granted(openTier());
  });

  test('what belongs to a generation that was lost', async () => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    await server.command(`md ${prefix}:g`);
    expect(await tier.get(...f1)).toBeUndefined();
  });
});

test('a generation that is foreign is replaced', async () => {
  await replace(`${prefix}:g`, Buffer.from('hello, world'));
  const tier = openTier();
  await tier.set(...f1, record([1]));
  expect(await tier.get(...f1)).toEqual(record([1]));
});

describe('what is too large', () => {
  const large = { ...record([]), value: { ...record([]).value, bytes: new Uint8Array(2_000_000) } };

  test.each([
    ['by the tier', {}],
    ['by memcached itself', { maxItemSize: '8mb' }],
  ] as const)(
    'is noticed %s: not stored, counted, and waited for by no process',
    async (_, options) => {
      const [one, other] = [openTier(options), openTier(options)];
      await one.set(...f1, record([1]));
      const lease = await granted(one, true);
      await held(other);
      await expect(lease.store(large)).rejects.toThrow('larger than memcached takes');
      expect(one.stats().tooLarge).toBe(1);
      expect(await one.get(...f1)).toBeUndefined();
      await expect(other.lease(...f1)).rejects.toThrow('larger than memcached takes');
      await expect(one.set(...f1, large)).rejects.toThrow('larger than memcached takes');
      await one.set(...f1, record([1]));
      expect((await other.lease(...f1)).state).toBe('found');
    },
  );

  test('is stored if it is small when compressed', async () => {
    const [one, other] = [openTier({ compressAbove: '1kb' }), openTier()];
    await one.set(...f1, large);
    expect((await other.get(...f1))?.value.bytes.length).toBe(2_000_000);
  });
});

describe('a lease', () => {
  test('of one process is held for another, which finds what comes of it', async () => {
    const [one, other] = [openTier(), openTier()];
    const lease = await granted(one);
    const { over } = await held(other);
    expect(await lease.store({ ...record([1]), expiresAt: soon() })).toBe(true);
    await over;
    expect(await other.lease(...f1)).toMatchObject({ state: 'found', record: { ms: 12.5 } });
  });

  test('leaves a record beside it readable, until that is replaced', async () => {
    const [one, other] = [openTier(), openTier()];
    await one.set(...f1, { ...record([1]), expiresAt: soon() });
    const lease = await granted(other, true);
    expect((await one.get(...f1))?.value).toEqual(record([1]).value);
    await lease.release();
    const found = await one.lease(...f1);
    expect(found).toMatchObject({ state: 'found', record: { value: record([1]).value } });
    expect(await (await granted(other, true)).store(record([2]))).toBe(true);
    expect((await one.get(...f1))?.value).toEqual(record([2]).value);
  });

  test.each([
    ['delete', (tier: MemcachedTier) => tier.delete(...f1)],
    ['clear of the function', (tier: MemcachedTier) => tier.clear('f')],
    ['clear', (tier: MemcachedTier) => tier.clear()],
  ])('ends by a %s of another process, which gets the next one', async (_, forget) => {
    // Renewals would wake waiting processes, too.
    const dead = { life: 1000, renewEvery: 1e6 };
    const [one, other] = [openTier({}, systemClock, dead), openTier()];
    const lease = await granted(one);
    const { over } = await held(other);
    await forget(other);
    await over;
    const next = await granted(other);
    expect(await lease.store(record([1]))).toBe(false);
    await lease.release();
    expect(await next.store(record([2]))).toBe(true);
    expect((await one.get(...f1))?.value).toEqual(record([2]).value);
  });

  test('is not ended by a set of another process', async () => {
    const [one, other] = [openTier(), openTier()];
    const lease = await granted(one);
    await other.set(...f1, record([1]));
    expect((await one.get(...f1))?.value).toEqual(record([1]).value);
    await held(other);
    // It must not outlive its holder, as it would with the time of the record.
    const { name } = await theItem();
    expect(Number((await server.command(`mg ${name} t`)).flags.get('t'))).toBeLessThan(6);
    expect(await lease.store(record([2]))).toBe(true);
    expect(await one.get(...f1)).toEqual(record([2]));
  });

  test.runIf(inFull)('lasts as long as its holder, and no longer', async () => {
    // Seconds are what memcached has, and it takes one of them off now and then.
    const quick = { life: 3, renewEvery: 100 };
    const paused = { isPaused: false };
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => systemClock.after(ms, () => paused.isPaused || run()),
    };
    const [one, other] = [openTier({}, clock, quick), openTier({}, systemClock, quick)];
    const lease = await granted(one);
    const asked = Date.now();
    for (let at = asked; at < asked + 3500; at = Date.now()) await (await held(other)).over;
    paused.isPaused = true;
    await lasting(other);
    const next = await granted(other);
    expect(await lease.store(record([1]))).toBe(false);
    expect(await next.store(record([2]))).toBe(true);
  });

  /** Until another process would be granted it; that one lets go at once. */
  async function lasting(tier: MemcachedTier): Promise<void> {
    while (true) {
      const answer = await tier.lease(...f1);
      if (answer.state === 'granted') return answer.lease.release();
      if (answer.state === 'held') await answer.over;
    }
  }
});

test.each([
  [{ servers: 'cache:0' }, 'servers'],
  [{ servers: [] }, 'servers'],
  [{ servers: ['a', 'a:11211'] }, 'servers'],
  [{ servers: 'memcached://a' }, 'servers'],
  [{ prefix: 'a b' }, 'prefix'],
  [{ prefix: 'x'.repeat(101) }, 'prefix'],
  [{ maxAge: '31d' }, 'maxAge'],
  [{ maxItemSize: 'large' }, 'maxItemSize'],
  [{ secret: 'short' }, 'secret'],
  [{ timeout: 0 }, 'timeout'],
  [{ connect: 'tls' }, 'connect'],
  [{ server: 'a' }, 'server'],
])('%j is refused', (options, named) => {
  const wrong = () => memcachedTier(options as object);
  expect(wrong).toThrow(OptionError);
  expect(wrong).toThrow(named);
});
