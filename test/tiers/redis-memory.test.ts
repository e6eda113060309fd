/** What is in memory is answered without a word to Redis, in whichever thread. */

import { createPool } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { increment } from '../fixtures/quick.ts';
import { rereads } from '../fixtures/repeated-reads.ts';
import { Guest } from '../threads/guest.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const times = 1000;

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());

/** Commands that Redis was given so far, those of scripts too. */
async function commands(): Promise<number> {
  const stats = String(await server.command('INFO', 'commandstats'));
  const counts = stats.matchAll(/^cmdstat_(?<name>[^:]+):calls=(?<calls>\d+)/gm);
  // The tier asks now and then whether Redis is there; and this test asks, too.
  const others = ['ping', 'info', 'keys'];
  return [...counts]
    .filter(({ groups }) => !others.includes(groups?.['name'] ?? ''))
    .reduce((sum, { groups }) => sum + Number(groups?.['calls']), 0);
}

/** Settles when what was computed is stored: Redis has a record, and no lease. */
async function stored(): Promise<void> {
  const has = async (kind: 'r' | 'l') =>
    ((await server.command('KEYS', `threadmemo:{*}:${kind}:*`)) as string[]).length;
  await expect.poll(async () => [await has('r'), await has('l')]).toEqual([1, 0]);
}

test.skipIf(withoutRedis)('a memory hit sends no command', async () => {
  const patient = { timeout: 20_000, connectTimeout: 20_000 };
  const pool = await createPool({
    threads: 1,
    tiers: [redisTier({ url: server.url, ...patient })],
  });
  onTestFinished(() => pool.close());
  const guest = new Guest();
  await pool.attach(guest.worker);
  const unused = await commands();
  expect(await increment(1)).toBe(2);
  await stored();
  const before = await commands();
  expect(before).toBeGreaterThan(unused);

  for (let time = 0; time < times; time++) expect(await increment(1)).toBe(2);
  expect(await commands()).toBe(before);

  // A worker thread that the pool has not started computes, and asks, for itself.
  const asked = Array.from({ length: times / 10 }, () => guest.ask('call', 'increment', 1));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([2]));
  expect(await commands()).toBe(before);

  // What runs in a thread of the pool has a lease itself, which is renewed every second.
  expect(await rereads(1, times, 'a')).toEqual([2]);
  expect((await commands()) - before).toBeLessThan(times / 10);
  expect(increment.stats().computations).toBe(1);
});
