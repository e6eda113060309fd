/** Memory, a disk and Redis in one list: a write goes to all, and a hit below fills what is above. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type MemoPool } from 'threadmemo';
import { type DiskTier, diskTier } from 'threadmemo/disk';
import { type RedisTier, redisTier } from 'threadmemo/redis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { inFull } from '../effort.ts';
import { keptFor } from '../fixtures/ttl-by-argument.ts';
import { removeFolder } from '../remove-folder.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

let server: RedisServer;
let home: string;
let pool: MemoPool | undefined;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
  home = await mkdtemp(join(tmpdir(), 'threadmemo-together-'));
});
afterAll(async () => {
  await server?.stop();
  await removeFolder(home);
});
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
});
afterEach(() => pool?.close());

interface Machine {
  readonly disk: DiskTier;
  readonly redis: RedisTier;
}

/** A machine that has a disk of its own, and shares Redis with the others. */
async function start(name: string): Promise<Machine> {
  await pool?.close();
  const disk = diskTier({ path: join(home, name) });
  const redis = redisTier({ url: server.url, timeout: 5000, connectTimeout: 20_000 });
  pool = await createPool({ threads: 1, tiers: [disk, redis] });
  return { disk, redis };
}

const inTiers = () => pool?.stats().tiers ?? {};

test.runIf(inFull)(
  'what one machine has computed is on the disk of the next, with the time that is left',
  async () => {
    await start('one');
    expect(await keptFor('1h')).toBe('1h');
    await pool?.close();
    expect(inTiers()).toMatchObject({ disk: { writes: 1 }, redis: { writes: 1 } });
    const keys = (await server.command('KEYS', '*:r:*')) as string[];
    for (const key of keys) await server.command('PEXPIRE', key, '1000000');

    const { disk } = await start('two');
    const filled = vi.spyOn(disk, 'set');
    expect(await keptFor('1h')).toBe('1h');
    expect(keptFor.peek('1h')).toBe('1h');
    await pool?.close();
    expect(inTiers()).toMatchObject({
      disk: { hits: 0, misses: 1, writes: 1 },
      redis: { hits: 1, writes: 0 },
    });
    const left = (filled.mock.lastCall?.[2].expiresAt ?? 0) - Date.now();
    expect(left).toBeLessThanOrEqual(1_000_000);
    expect(left).toBeGreaterThan(500_000);

    await server.command('FLUSHALL');
    await start('two');
    expect(await keptFor('1h')).toBe('1h');
    await pool?.close();
    expect(inTiers()).toMatchObject({ disk: { hits: 1 }, redis: { hits: 0, misses: 0 } });
  },
);

test('what is invalidated is in none of them', async () => {
  await start('one');
  await keptFor('2h');
  await keptFor.invalidate('2h');
  await start('one');
  expect(await keptFor('2h')).toBe('2h');
  expect(keptFor.stats()).toMatchObject({ hits: 0, computations: 1 });
});
