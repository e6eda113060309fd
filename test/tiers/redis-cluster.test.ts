/** A cluster of three nodes: what one operation touches is on one of them, and messages reach all. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RedisClient } from '../../src/tiers/redis/options.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import { inFull, variants } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record, tierSuite } from '../suites/tier.ts';
import { freePort, type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const SLOTS = 16_384;

let home: string;
let nodes: RedisServer[] = [];
beforeAll(async () => {
  if (withoutRedis) return;
  home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  const buses = await Promise.all([freePort(), freePort(), freePort()]);
  const settings = (bus: number) => [
    ...['--cluster-enabled', 'yes', '--dir', home],
    ...['--cluster-config-file', `nodes-${bus}.conf`, '--cluster-port', String(bus)],
  ];
  nodes = await Promise.all(buses.map((bus) => startRedis(...settings(bus))));
  for (const [n, node] of nodes.entries()) {
    const first = Math.floor((SLOTS * n) / nodes.length);
    const last = Math.floor((SLOTS * (n + 1)) / nodes.length) - 1;
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
    await node.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port), String(buses[0]));
  }
  for (const node of nodes) {
    await vi.waitFor(async () => {
      const info = await node.command('CLUSTER', 'INFO');
      expect(info).toContain('cluster_state:ok');
      expect(info).toContain('cluster_slots_assigned:16384');
    }, 150_000);
  }
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  if (home) await removeFolder(home);
});
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
});

const clients: Record<string, () => RedisClient> = {
  redis: () => createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) }),
  ioredis: () =>
    new Cluster(
      nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      { lazyConnect: true },
    ),
};

let prefixes = 0;
const newPrefix = () => `t${prefixes++}`;

describe.each(variants(Object.keys(clients), 1))('by a cluster client of %s', (name) => {
  const open = (prefix: string) =>
    openRedisTier({
      ...{ client: (clients[name] as () => RedisClient)(), prefix },
      ...{ timeout: 10_000, connectTimeout: 10_000 },
    });

  if (inFull) tierSuite('redisTier', () => open(newPrefix()));

  test('a waiting process is woken, whichever node the lease is on, and all is cleared', async () => {
    const prefix = newPrefix();
    const [one, other] = [open(prefix), open(prefix)];
    const keys = Array.from({ length: 30 }, (_, n) => `f(${n})`);
    const heard: object[] = [];
    other.onInvalidate((what) => heard.push(what));
    for (const key of keys) {
      const granted = await one.lease('f', key);
      const held = await other.lease('f', key);
      if (granted.state !== 'granted' || held.state !== 'held') throw new Error(key);
      await granted.lease.store(record([1]));
      await held.over;
      expect(await other.lease('f', key)).toMatchObject({ state: 'found' });
    }
    const sizes = await Promise.all(nodes.map((node) => node.command('KEYS', `${prefix}:*:r:*`)));
    for (const names of sizes) expect(names).not.toHaveLength(0);
    await one.clear('f');
    await expect.poll(() => heard).toEqual([{ of: 'function', functionId: 'f' }]);
    for (const key of keys) expect(await other.get('f', key)).toBeUndefined();
    await Promise.all([one.close(), other.close()]);
  });
});
