/** Processes that share one Redis: all at once, killed, and paused for longer than their leases live. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { leaseTimes } from '../../src/tiers/redis/leases.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import { record } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const app = fileURLToPath(new URL('redis-app', import.meta.url));
/**
 * As in the issue with `FLEET_PROCESSES=8 FLEET_KEYS=500 FLEET_KILLS=10
 * FLEET_TIMED_KILLS=16 SIGSTOPS=200`.
 */
const setting = (name: string, usual: number) => Number(process.env[name] ?? usual);
const processes = setting('FLEET_PROCESSES', 3);
const keys = setting('FLEET_KEYS', 60);
const kills = setting('FLEET_KILLS', 1);
/** Those of the test that kills by time, which needs as many processes more. */
const timedKills = setting('FLEET_TIMED_KILLS', 0);
/** Milliseconds. */
const killEvery = 300;
const pauses = setting('SIGSTOPS', 5);

let server: RedisServer;
let home: string;
let log: string;
let prefix = '';
const children = new Set<ChildProcess>();
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async ({ skip }) => {
  if (withoutRedis) skip();
  prefix = `t${Math.random().toString(36).slice(2)}`;
  home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  log = join(home, 'log');
  await writeFile(log, '');
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  if (home) await rm(home, { recursive: true });
});

async function start(program: string): Promise<ChildProcess> {
  const env = { ...process.env, REDIS: server.url, PREFIX: prefix, LOG: log, KEYS: String(keys) };
  const child = fork(join(app, program), { env, execArgv: [] });
  children.add(child);
  await once(child, 'message');
  return child;
}

interface Result {
  readonly wrong: readonly number[];
  readonly computations: number;
  readonly duplicates: number;
}

/** Has it do its job; nothing if it was killed. */
async function work(child: ChildProcess): Promise<Result | undefined> {
  const ended = once(child, 'exit').then(() => undefined);
  const said = once(child, 'message').then(([result]) => result as Result);
  child.send('go');
  const result = await Promise.race([said, ended]);
  await ended;
  children.delete(child);
  return result;
}

/** Who has begun to compute what, in this order. */
async function computations(): Promise<{ pid: number; key: number }[]> {
  const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [pid, key] = line.split(' ').map(Number) as [number, number];
    return { pid, key };
  });
}

test(`${processes} processes that want ${keys} keys at once compute each once`, async () => {
  const sharers = await Promise.all(Array.from({ length: processes }, () => start('sharer.mjs')));
  const results = await Promise.all(sharers.map(work));
  for (const result of results) expect(result).toMatchObject({ wrong: [], duplicates: 0 });
  expect(await computations()).toHaveLength(keys);
  // So they say themselves.
  expect(results.reduce((sum, result) => sum + (result?.computations ?? 0), 0)).toBe(keys);
}, 120_000);

test(`processes of which ${kills} are killed compute only what the dead had begun again`, async () => {
  const sharers = await Promise.all(Array.from({ length: processes }, () => start('sharer.mjs')));
  const working = sharers.map(work);
  const dead = new Set<number>();
  const last = sharers.at(-1);
  for (let round = 1; round <= kills; round++) {
    const enough = Math.floor((round * keys) / (kills + 1));
    await expect
      .poll(computations, { timeout: 60_000 })
      .toHaveProperty('length', expect.any(Number));
    await expect
      .poll(async () => (await computations()).length, { timeout: 60_000, interval: 5 })
      .toBeGreaterThanOrEqual(enough);
    const victim = sharers[round % (processes - 1)];
    if (!victim || victim === last || victim.exitCode !== null) continue;
    dead.add(victim.pid as number);
    victim.kill('SIGKILL');
    const successor = await start('sharer.mjs');
    sharers[round % (processes - 1)] = successor;
    working.push(work(successor));
  }
  const results = (await Promise.all(working)).filter((result) => result !== undefined);
  expect(results.length).toBeGreaterThanOrEqual(processes);
  for (const result of results) expect(result).toMatchObject({ wrong: [], duplicates: 0 });
  await expectLost(dead);
}, 120_000);

test.skipIf(timedKills === 0)(
  `processes of which one is killed every ${killEvery} ms compute only what the dead had begun again`,
  async () => {
    const all: ChildProcess[] = [];
    // One after the other: so many that start at once are in each other's way.
    while (all.length < processes + timedKills) all.push(await start('sharer.mjs'));
    const spares = all.splice(processes);
    const working = all.map(work);
    // It lives, so that there is somebody to be answered.
    const witness = working.pop();
    const victims = all.slice(0, -1);
    const dead = new Set<number>();
    const killing = setInterval(() => {
      const [victim, spare] = [victims.shift(), spares.shift()];
      if (!victim || !spare) return;
      if (victim.exitCode === null) dead.add(victim.pid as number);
      victim.kill('SIGKILL');
      working.push(work(spare));
      victims.push(spare);
    }, killEvery);
    const answered = await witness;
    clearInterval(killing);
    const results = [answered, ...(await Promise.all(working)).filter(Boolean)];
    for (const result of results) expect(result).toMatchObject({ wrong: [], duplicates: 0 });
    await expectLost(dead);
    console.info(`${dead.size} killed; ${(await computations()).length} computations of ${keys}`);
  },
  180_000,
);

/** All was computed, and again only what one of these had begun and not stored. */
async function expectLost(dead: ReadonlySet<number>): Promise<void> {
  const byKey = new Map<number, number[]>();
  for (const { pid, key } of await computations()) {
    byKey.set(key, [...(byKey.get(key) ?? []), pid]);
  }
  expect(byKey.size).toBe(keys);
  const again = [...byKey.values()].flatMap((pids) => pids.slice(0, -1));
  expect(again.filter((pid) => !dead.has(pid))).toEqual([]);
}

test(`of ${pauses} processes that were stopped past their lease, none writes late`, async () => {
  const times = { ...leaseTimes, lookEvery: 20, retry: 50, ping: 500, pingWhenWaiting: 500 };
  const tier = openRedisTier({ url: server.url, prefix, timeout: 10_000 }, undefined, times);
  const child = await start('holder.mjs');
  let tookOver = 0;
  for (let n = 0; n < pauses; n++) {
    const key = `f(${n})`;
    const granted = once(child, 'message');
    // Before the store; then somewhere between the grant and the end of the store.
    child.send({ key, wait: n === 0 ? 'stopped' : (n % 5) * 0.5 });
    expect((await granted)[0]).toEqual({ state: 'granted' });
    const said = once(child, 'message');
    child.kill('SIGSTOP');
    let answer = await tier.lease('f', key);
    while (answer.state === 'held') {
      await answer.over;
      answer = await tier.lease('f', key);
    }
    const stored = answer.state === 'granted' && (await answer.lease.store(record([2])));
    child.kill('SIGCONT');
    const [{ stored: late }] = (await said) as [{ stored: boolean }];
    expect(late).toBe(!stored);
    const found = await tier.get('f', key);
    expect([...(found?.value.bytes ?? [])]).toEqual([stored ? 2 : 1]);
    if (stored) tookOver++;
  }
  expect(tookOver).toBeGreaterThan(0);
  child.disconnect();
  await tier.close();
}, 120_000);
