/** A user of Redis's that may do what the README says it must, and nothing else. */

import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type RedisClient, type RedisTier, redisTier } from 'threadmemo/redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { record, tierSuite } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const guide = readFileSync(new URL('../../docs/guides/redis.md', import.meta.url), 'utf8');
/** In the guide: `ACL SETUSER shop on >password ~shop:* ...`, for a tier with the prefix `shop`. */
const told = /^ACL SETUSER (?<rules>shop .+)$/m.exec(guide)?.groups?.['rules'] ?? '';
const rules = told.split(' ');
const commands = rules.filter((rule) => rule.startsWith('+'));
const patient = { timeout: 20_000, connectTimeout: 20_000 };

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async ({ skip }) => {
  if (withoutRedis) skip();
  await server.command('FLUSHALL');
  await server.command('ACL', 'SETUSER', 'shop', 'reset', ...rules.slice(1));
  await server.command('ACL', 'LOG', 'RESET');
});

const clients: Record<string, { make(): RedisClient; more: string[] }> = {
  redis: {
    make: () => createClient({ url: server.url, username: 'shop', password: 'password' }),
    more: [],
  },
  ioredis: {
    make: () =>
      new Redis(server.url, { username: 'shop', password: 'password', lazyConnect: true }),
    more: ['+info'],
  },
};

describe.each(Object.keys(clients))('by the package %s', (name) => {
  const { make, more } = clients[name] as (typeof clients)[string];
  const open = () => redisTier({ client: make(), prefix: 'shop', ...patient });
  beforeEach(async () => {
    if (more.length > 0) await server.command('ACL', 'SETUSER', 'shop', ...more);
  });

  tierSuite('redisTier, as a user with few rights', open);

  test('nothing that is tried is denied', async () => {
    await everything(open);
    expect(await denied()).toEqual([]);
  });

  test.each(commands)('a user needs %s', async (command) => {
    await server.command('ACL', 'SETUSER', 'shop', command.replace('+', '-'));
    await everything(open).catch(() => {});
    expect(await denied()).toContain(command.slice(1));
  });
});

/** All that a tier asks Redis for. */
async function everything(open: () => RedisTier): Promise<void> {
  const [one, other] = [open(), open()];
  try {
    await one.set('f', 'f(1)', record([1]));
    await other.get('f', 'f(1)');
    await server.command('SCRIPT', 'FLUSH');
    await other.get('f', 'f(2)');
    const granted = await one.lease('f', 'f(2)');
    const held = await other.lease('f', 'f(2)');
    if (granted.state !== 'granted' || held.state !== 'held') throw new Error(held.state);
    await granted.lease.store(record([2]));
    await held.over;
    await one.delete('f', 'f(1)');
    await one.clear();
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
}

/** The commands that the user was not let do, but for the name of the client, which may stay unsaid. */
async function denied(): Promise<string[]> {
  const entries = (await server.command('ACL', 'LOG')) as Record<string, unknown>[];
  const all = entries.map((entry) => String(entry['object']));
  return all.filter((command) => command !== 'client|setinfo');
}
