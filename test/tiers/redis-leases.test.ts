/** Leases between tiers that share a Redis server, as processes do: who is woken, and who takes over. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import { leaseTimes } from '../../src/tiers/redis/leases.ts';
import { RedisNames } from '../../src/tiers/redis/names.ts';
import { openRedisTier, type RedisTimes } from '../../src/tiers/redis/redis-tier.ts';
import type { LeaseAnswer, TierLease } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';
import { record } from '../suites/tier.ts';
import { proxyTo } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const f1 = ['f', 'f(1)'] as const;
const NEVER = 1_000_000;
const times: RedisTimes = {
  ...leaseTimes,
  ...{ life: 60_000, lookEvery: NEVER, retry: 50, ping: NEVER, pingWhenWaiting: NEVER },
};

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

function openTier(
  changes: Partial<RedisTimes> = {},
  clock = systemClock,
  url = server.url,
): RedisTier {
  const options = { url, prefix, timeout: 5000 };
  const tier = openRedisTier(options, clock, { ...times, ...changes });
  open.add(tier);
  return tier;
}

async function granted(tier: RedisTier): Promise<TierLease> {
  const answer = await tier.lease(...f1);
  if (answer.state !== 'granted') throw new Error(`it is ${answer.state}`);
  return answer.lease;
}

async function held(tier: RedisTier): Promise<Extract<LeaseAnswer, { state: 'held' }>> {
  const answer = await tier.lease(...f1);
  if (answer.state !== 'held') throw new Error(`it is ${answer.state}`);
  return answer;
}

const row = () => new RedisNames(prefix).key(...f1).lease;

const ends: Record<string, (holder: TierLease, third: RedisTier) => Promise<unknown>> = {
  'when it is stored': (lease) => lease.store(record([1])),
  'when it is released': (lease) => lease.release(),
  'by a delete of a third process': (_, third) => third.delete(...f1),
  'by a clear of a third process': (_, third) => third.clear('f'),
  'by a clear of everything': (_, third) => third.clear(),
};

describe('a waiting process is woken at once', () => {
  test.each(Object.keys(ends))('%s', async (what) => {
    const [holder, third, ...waiters] = [openTier(), openTier(), openTier(), openTier()];
    const lease = await granted(holder);
    const waits = await Promise.all(waiters.map(held));
    await ends[what]?.(lease, third);
    // No process looks: the messages alone do it.
    await Promise.all(waits.map(({ over }) => over));
    if (what === 'when it is stored') {
      const { value } = record([1]);
      expect(await waiters[0]?.lease(...f1)).toMatchObject({ state: 'found', record: { value } });
    }
  });
});

/** Messages and answers come on two connections. */
test.each(Object.keys(ends))(
  'a message that overtakes the answer is not lost: %s',
  async (what) => {
    const proxy = await proxyTo(Number(new URL(server.url).port));
    try {
      const waiter = openTier({}, systemClock, `redis://127.0.0.1:${proxy.port}`);
      const heard = new Promise<unknown>((resolve) => {
        waiter.onInvalidate((told) => {
          if (told.of === 'key' && told.key === 'f(later)') resolve(undefined);
        });
      });
      const [holder, third] = [openTier(), openTier()];
      const lease = await granted(holder);
      await waiter.get(...f1);
      const letGo = proxy.hold(0);
      const asked = held(waiter);
      // The token, the generations and the process that waits.
      await expect.poll(() => server.command('HLEN', row())).toBe(3);
      await ends[what]?.(lease, third);
      // It comes on the same connection after what was sent before.
      await third.delete('f', 'f(later)');
      await heard;
      letGo();
      // Nothing looks: it is over because of what was heard.
      await (await asked).over;
    } finally {
      await proxy.close();
    }
  },
);

test('a waiting process finds out without a message, too, at its next look', async () => {
  const waiter = openTier({ lookEvery: 20 });
  await granted(openTier());
  const { over } = await held(waiter);
  await server.command('UNLINK', row());
  await over;
});

test('a process whose connection is lost while it waits asks again', async () => {
  const waiter = openTier();
  await granted(openTier());
  const { over } = await held(waiter);
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await over;
});

test('of many who wait for one that has died, exactly one takes over', async () => {
  const waiters = Array.from({ length: 5 }, () => openTier({ lookEvery: 20 }));
  const dead = await granted(openTier({ renewEvery: NEVER }));
  const waits = await Promise.all(waiters.map(held));
  await server.command('PEXPIRE', row(), '1');
  await Promise.all(waits.map(({ over }) => over));
  const answers = await Promise.all(waiters.map((tier) => tier.lease(...f1)));
  const states = answers.map(({ state }) => state).sort();
  expect(states).toEqual(['granted', 'held', 'held', 'held', 'held']);
  // It was only paused, and says so too late.
  expect(await dead.store(record([1]))).toBe(false);
  await dead.release();
  expect(await waiters[0]?.get(...f1)).toBeUndefined();
  const successor = answers.find((answer) => answer.state === 'granted');
  if (successor?.state !== 'granted') throw new Error('no process has taken over');
  expect(await successor.lease.store(record([2]))).toBe(true);
  expect(await waiters[0]?.get(...f1)).toMatchObject({ value: record([2]).value });
});

test('a lease that ran out is not stored under, even if no process has taken over', async () => {
  const lease = await granted(openTier({ renewEvery: NEVER }));
  await server.command('PEXPIRE', row(), '1');
  await expect.poll(() => server.command('EXISTS', row())).toBe(0);
  expect(await lease.store(record([1]))).toBe(false);
  expect(await openTier().get(...f1)).toBeUndefined();
});

test('a lease lives as long as its holder renews it', async () => {
  const clock = new FakeClock();
  const lease = await granted(openTier({}, clock));
  for (let round = 0; round < 3; round++) {
    await server.command('PEXPIRE', row(), '10000');
    clock.advance(times.renewEvery);
    await expect.poll(() => server.command('PTTL', row())).toBeGreaterThan(10_000);
  }
  expect(await lease.store(record([1]))).toBe(true);
  expect(await server.command('EXISTS', row())).toBe(0);
});

test('a foreign thing in the place of a lease is none', async () => {
  await openTier().set('f', 'f(2)', record([2]));
  await server.command('RPUSH', row(), 'a');
  const lease = await granted(openTier());
  await server.command('SET', row(), 'b');
  expect(await lease.store(record([1]))).toBe(false);
  expect(await (await granted(openTier())).store(record([1]))).toBe(true);
});

test('a closed tier has left nothing behind but records', async () => {
  const tier = openTier();
  await granted(tier);
  await tier.close();
  expect(await server.command('EXISTS', row())).toBe(0);
});
