/** What the tier asks Redis for is in the oldest Redis that its guide names. */

import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type RedisClient, redisTier } from 'threadmemo/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scripts } from '../../src/tiers/redis/scripts.ts';
import { record } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const guide = readFileSync(new URL('../../docs/guides/redis.md', import.meta.url), 'utf8');
const oldest = /needs a Redis from (?<version>[\d.]+) on/.exec(guide)?.groups?.['version'] ?? '';
const patient = { timeout: 20_000, connectTimeout: 20_000 };

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());

const clients: Record<string, () => RedisClient> = {
  redis: () => createClient({ url: server.url }),
  ioredis: () => new Redis(server.url, { lazyConnect: true }),
};

describe.skipIf(withoutRedis).each(Object.keys(clients))('by the package %s', (name) => {
  test(`every command, and every word of it, is in Redis ${oldest}`, async () => {
    const commands = await monitored(() => everything(clients[name] as () => RedisClient));
    const newer: string[] = [];
    for (const [command = '', ...words] of commands) {
      const docs = await docsOf(command, words);
      // Redis 6 cannot tell.
      if (docs) newer.push(...docs.filter(({ since }) => isNewer(since)).map(({ what }) => what));
    }
    expect(commands.map(([command]) => command)).toEqual(
      expect.arrayContaining(
        ['evalsha', 'subscribe', 'mget', 'SET', 'HSET', 'PUBLISH'].map(either),
      ),
    );
    // Both clients tell their name to servers that want it, and go on without.
    expect(newer.filter((what) => what !== 'client|setinfo')).toEqual([]);
  });
});

test('scripts use nothing of Redis that is newer than that, and are no functions', () => {
  for (const { text } of Object.values(scripts)) {
    expect(text).not.toMatch(/^#!/);
    const used = new Set([...text.matchAll(/\b(?:redis|server)\.(\w+)/g)].map(([, name]) => name));
    for (const name of used) expect(['call', 'pcall']).toContain(name);
  }
});

/** As text, in whichever case it was sent. */
const either = (command: string) => expect.stringMatching(new RegExp(`^${command}$`, 'i'));

/** What Redis is asked for meanwhile, from outside and by scripts. */
async function monitored(work: () => Promise<void>): Promise<string[][]> {
  const client = new Redis(server.url);
  const monitor = await client.monitor();
  const commands: string[][] = [];
  const last = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[]) => {
      if (args[0] === 'ECHO') resolve();
      else commands.push(args);
    });
  });
  await work();
  await server.command('ECHO', 'that was all');
  await last;
  monitor.disconnect();
  client.disconnect();
  return commands;
}

async function everything(client: () => RedisClient): Promise<void> {
  const open = () => redisTier({ client: client(), ...patient });
  const [one, other] = [open(), open()];
  await one.set('f', 'f(1)', record([1]));
  await other.get('f', 'f(1)');
  await server.command('SCRIPT', 'FLUSH');
  await other.get('f', 'f(2)');
  const granted = await one.lease('f', 'f(2)');
  const held = await other.lease('f', 'f(2)');
  if (granted.state !== 'granted' || held.state !== 'held') throw new Error(held.state);
  await granted.lease.store(record([2]));
  await held.over;
  const released = await one.lease('f', 'f(3)');
  if (released.state === 'granted') await released.lease.release();
  await one.delete('f', 'f(1)');
  await one.clear();
  await Promise.all([one.close(), other.close()]);
}

interface Docs {
  readonly since?: string;
  readonly arguments?: readonly (Docs & { readonly token?: string })[];
  readonly subcommands?: Record<string, Docs>;
}

/** Since when there is a command, and those of its words that came later. */
async function docsOf(
  command: string,
  words: readonly string[],
): Promise<{ what: string; since: string }[] | undefined> {
  const container = command.toLowerCase();
  const reply = await server.command('COMMAND', 'DOCS', container).catch(() => undefined);
  if (!reply) return undefined;
  const docs = (reply as Record<string, Docs>)[container];
  const name = `${container}|${words[0]?.toLowerCase()}`;
  const own = docs?.subcommands ? docs.subcommands[name] : docs;
  // One that even this Redis does not have.
  if (!own) return [{ what: name, since: '99' }];
  const used = new Set(words.map((word) => word.toUpperCase()));
  const tokens = tokensOf(own).filter(({ what }) => used.has(what));
  return [{ what: docs?.subcommands ? name : container, since: own.since ?? '' }, ...tokens];
}

/** A word of a choice is there since the choice is. */
function tokensOf({ arguments: all = [] }: Docs, known = ''): { what: string; since: string }[] {
  return all.flatMap((each) => {
    const since = each.since ?? known;
    return [...(each.token ? [{ what: each.token, since }] : []), ...tokensOf(each, since)];
  });
}

function isNewer(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldMajor = 0, oldMinor = 0] = oldest.split('.').map(Number);
  return major > oldMajor || (major === oldMajor && minor > oldMinor);
}
