/** Redis and memcached that are there, and refuse: it is noticed, no call waits, and reading goes on. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Codec } from '../../src/protocol.ts';
import { openMemcachedTier } from '../../src/tiers/memcached/memcached-tier.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import type { Tier } from '../../src/tiers/tier.ts';
import { record } from '../suites/tier.ts';
import { startMemcached, withoutMemcached } from './memcached-server.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());

const open = new Set<Tier>();
const warnings: string[] = [];
let prefix = '';
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
  prefix = `t${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
  vi.restoreAllMocks();
});

function opened<T extends Tier>(tier: T): T {
  open.add(tier);
  return tier;
}

const openTier = () => opened(openRedisTier({ url: server.url, prefix, timeout: 5000 }));

describe.skipIf(withoutRedis)('a Redis that', () => {
  const ways: [string, RegExp, string[], string[]][] = [
    ['is full', /OOM/, ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    [
      ...(['has too few replicas', /NOREPLICAS/] as const),
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    ],
    [
      ...(['refuses all writes', /NOPERM/] as const),
      ['ACL', 'SETUSER', 'default', '-@write', '-evalsha', '-eval'],
      ['ACL', 'SETUSER', 'default', '+@all'],
    ],
  ];
  test.each(ways)('%s is warned of once, and counted', async (_, kind, begin, end) => {
    const tier = openTier();
    await tier.set(...f1, record([1]));
    await server.command(...begin);
    await expect(tier.set(...f2, record([2]))).rejects.toThrow(kind);
    await expect(tier.lease(...f2)).rejects.toThrow(kind);
    expect(warnings).toEqual([expect.stringMatching(kind)]);
    expect(tier.stats()).toMatchObject({ connected: true, outages: 0, refused: 2 });
    await server.command(...end);
    await tier.set(...f2, record([2]));
    expect(await tier.get(...f2)).toBeDefined();
  });
});

test.skipIf(withoutRedis)(
  'a Redis that does not let us in cannot be used, and says why',
  async () => {
    const url = server.url.replace('//', '//unknown:secret@');
    const tier = opened(openRedisTier({ url, prefix, timeout: 5000 }));
    await expect(tier.get(...f1)).rejects.toThrow(/cannot be used/);
    expect(warnings).toEqual([
      expect.stringMatching(/^Redis cannot be used \(WRONGPASS(?!.*secret)/),
    ]);
  },
);

test.skipIf(withoutMemcached)(
  'a memcached without memory is warned of once, and counted',
  async () => {
    const memcached = await startMemcached('-M', '-m', '2');
    try {
      const tier = opened(openMemcachedTier({ servers: memcached.address, timeout: 5000 }));
      const large = { codec: Codec.uint8array, bytes: new Uint8Array(500_000) };
      const set = (n: number) => tier.set('f', `f(${n})`, { ...record([]), value: large });
      const sets = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => set(n)));
      const failed = sets.filter(({ status }) => status === 'rejected').length;
      expect(failed).toBeGreaterThan(0);
      expect(tier.stats()).toMatchObject({ connected: 1, outages: 0 });
      expect(tier.stats().refused).toBeGreaterThanOrEqual(failed);
      expect(warnings).toEqual([expect.stringContaining('out of memory')]);
    } finally {
      await Promise.all([...open].map((tier) => tier.close()));
      open.clear();
      await memcached.stop();
    }
  },
);
