/** What is asked of Redis in one turn of the event loop travels together, and each step stands for itself. */

import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { Codec } from '../../src/protocol.ts';
import type { RedisTier } from '../../src/tiers/redis/contract.ts';
import { RedisNames } from '../../src/tiers/redis/names.ts';
import { RandomBytes } from '../../src/tiers/redis/random.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import { FAILED, FOUND } from '../../src/tiers/redis/scripts.ts';
import { RedisSteps, type Step } from '../../src/tiers/redis/steps.ts';
import type { TierLease } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

let server: RedisServer;
let prefix = '';
const warnings: string[] = [];
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
  prefix = `t${Math.random().toString(36).slice(2)}`;
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
});
afterEach(() => vi.restoreAllMocks());

/** It is connected. */
async function openTier({ url } = server): Promise<RedisTier> {
  const tier = openRedisTier({ url, prefix, timeout: 20_000, connectTimeout: 20_000 });
  onTestFinished(() => tier.close());
  await tier.get('f', 'f()');
  return tier;
}

/** Script calls that Redis is sent meanwhile. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const calls = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await server.command('INFO', 'all')))?.[1]);
  const before = await calls();
  await work();
  return (await calls()) - before;
}

const keys = Array.from({ length: 40 }, (_, n) => `f(${n})`);

async function leased(tier: RedisTier, key: string): Promise<TierLease> {
  const answer = await tier.lease('f', key);
  if (answer.state !== 'granted') throw new Error(answer.state);
  return answer.lease;
}

test('many keys that missed are leased in one call, and stored in another', async () => {
  const tier = await openTier();
  const leases: TierLease[] = [];
  const ask = async () => {
    leases.push(...(await Promise.all(keys.map((key) => leased(tier, key)))));
  };
  expect(await callsOf(ask)).toBe(1);
  const store = () => Promise.all(leases.map((lease, n) => lease.store(record([n]))));
  expect(await callsOf(store)).toBe(1);
  const get = async () => {
    const found = await Promise.all(keys.map((key) => tier.get('f', key)));
    for (const [n, each] of found.entries()) expect(each).toMatchObject(record([n]));
  };
  expect(await callsOf(get)).toBe(1);
});

test('of two processes that ask for the same keys at once, each key is granted to one', async () => {
  const [one, other] = [await openTier(), await openTier()];
  const ask = (tier: RedisTier) => Promise.all(keys.map((key) => tier.lease('f', key)));
  const [ours, theirs] = await Promise.all([ask(one), ask(other)]);
  for (const [n, answer] of ours.entries())
    expect([answer.state, theirs[n]?.state].sort()).toEqual(['granted', 'held']);
});

test('what is found is sent in several calls when it is much', async () => {
  const tier = await openTier();
  const bytes = new Uint8Array(randomBytes(600_000));
  const large = { ...record([]), value: { codec: Codec.uint8array, bytes } };
  const few = keys.slice(0, 5);
  for (const key of few) await tier.set('f', key, large);
  const get = async () => {
    const found = await Promise.all(few.map((key) => tier.get('f', key)));
    for (const each of found) expect(Buffer.compare(each?.value.bytes ?? bytes, bytes)).toBe(0);
    expect(found).not.toContain(undefined);
  };
  expect(await callsOf(get)).toBe(3);
});

test('what a full Redis refuses to one it refuses to all, and nothing that was to be replaced is found', async () => {
  const tier = await openTier();
  for (const key of keys) await tier.set('f', key, record([1]));
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  onTestFinished(async () => void (await server.command('CONFIG', 'SET', 'maxmemory', '0')));
  const sets = await Promise.allSettled(keys.map((key) => tier.set('f', key, record([2]))));
  for (const each of sets) {
    expect(each.status).toBe('rejected');
    expect(String('reason' in each && each.reason)).toMatch(/OOM/);
  }
  expect(tier.stats().refused).toBe(keys.length);
  expect(warnings).toEqual([expect.stringMatching(/refuses \(OOM/)]);
  const found = await Promise.all(keys.map((key) => tier.get('f', key)));
  expect(new Set(found)).toEqual(new Set([undefined]));
});

test('a step that Redis refuses fails alone, and is counted', async () => {
  const noted: unknown[] = [];
  const answers = [1, [FAILED, Buffer.from('OOM no')], [FOUND, Buffer.of(1), 5]];
  const steps = new RedisSteps({
    send: () => async () => answers,
    noted: (step, refusal) => noted.push([step, refusal?.message]),
    ...{ process: 'p', life: '1', keep: '1', wakes: 'w', isCluster: false },
    random: new RandomBytes(),
  });
  const names = new RedisNames('t');
  const ask = (step: Step, n: number) => steps.ask(step, names.key('f', `f(${n})`));
  const all = await Promise.allSettled([ask('l', 0), ask('s', 1), ask('g', 2)]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(noted).toEqual([
    ['l', undefined],
    ['s', 'OOM no'],
    ['g', undefined],
  ]);
});

test('a lease that was asked for before a delete ends with it', async () => {
  const tier = await openTier();
  const asked = leased(tier, 'f(1)');
  await tier.delete('f', 'f(1)');
  expect(await (await asked).store(record([1]))).toBe(false);
  expect(await tier.get('f', 'f(1)')).toBeUndefined();
});

test.runIf(inFull)(
  'a server of a cluster is sent a call for each slot, also by a client that knows nothing of it',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
    onTestFinished(() => removeFolder(home));
    const node = await startRedis('--cluster-enabled', 'yes', '--dir', home);
    onTestFinished(() => node.stop());
    await node.command(
      'CLUSTER',
      'ADDSLOTS',
      ...Array.from({ length: 16_384 }, (_, n) => String(n)),
    );
    await vi.waitFor(
      async () => expect(await node.command('CLUSTER', 'INFO')).toContain('cluster_state:ok'),
      30_000,
    );
    const tier = await openTier(node);
    const leases = await Promise.all(keys.map((key) => leased(tier, key)));
    const stored = await Promise.all(leases.map((lease, n) => lease.store(record([n]))));
    expect(new Set(stored)).toEqual(new Set([true]));
    const found = await Promise.all(keys.map((key) => tier.get('f', key)));
    for (const [n, each] of found.entries()) expect(each).toMatchObject(record([n]));
    expect(tier.stats()).toMatchObject({ refused: 0, outages: 0 });
    expect(warnings).toEqual([]);
  },
);
