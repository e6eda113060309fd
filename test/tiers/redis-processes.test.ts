/** Processes that share one Redis: all at once, killed, and paused for longer than their leases live. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { leaseTimes } from '../../src/tiers/redis/leases.ts';
import { openRedisTier } from '../../src/tiers/redis/redis-tier.ts';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const app = fileURLToPath(new URL('redis-app', import.meta.url));
/**
 * As in the issue with `FLEET_PROCESSES=8 FLEET_KEYS=500 FLEET_KILLS=10
 * FLEET_TIMED_KILLS=16 SIGSTOPS=200`.
 */
const setting = (name: string, usual: number) => Number(process.env[name] ?? usual);
const processes = setting('FLEET_PROCESSES', inFull ? 3 : 2);
const keys = setting('FLEET_KEYS', inFull ? 60 : 10);
const kills = setting('FLEET_KILLS', 1);
/** Those of the test that kills by time, which needs as many processes more. */
const timedKills = setting('FLEET_TIMED_KILLS', 0);
/** Milliseconds. */
const killEvery = 300;
const pauses = setting('SIGSTOPS', inFull ? 5 : 1);
/** Milliseconds without Redis: what a lease of `sharer.mjs` lives, but for two renewals. */
const mustLoseAfter = 3000;

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
  if (home) await removeFolder(home);
});

async function start(program: string): Promise<ChildProcess> {
  const env = { ...process.env, REDIS: server.url, PREFIX: prefix, LOG: log, KEYS: String(keys) };
  const child = fork(join(app, program), { env, execArgv: [] });
  children.add(child);
  await once(child, 'message');
  return child;
}

interface Result {
  readonly pid: number;
  readonly wrong: readonly number[];
  readonly computations: number;
  readonly duplicates: number;
  readonly failures: number;
  /** What it had computed when its lease had ended. */
  readonly lost: readonly number[];
  /** The longest time without an answer from Redis, in milliseconds. */
  readonly silence: number;
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
  const results = (await Promise.all(sharers.map(work))) as Result[];
  await expectOnce(results);
  // So they say themselves.
  const sum = results.reduce((all, result) => all + result.computations, 0);
  expect(await computations()).toHaveLength(sum);
}, 600_000);

test.runIf(inFull)(
  `processes of which ${kills} are killed compute only what the dead had begun again`,
  async () => {
    const sharers = await Promise.all(Array.from({ length: processes }, () => start('sharer.mjs')));
    const working = sharers.map(work);
    const dead = new Set<number>();
    const last = sharers.at(-1);
    for (let round = 1; round <= kills; round++) {
      const enough = Math.floor((round * keys) / (kills + 1));
      await expect.poll(computations).toHaveProperty('length', expect.any(Number));
      await expect
        .poll(async () => (await computations()).length, { interval: 5 })
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
    await expectOnce(results, dead);
  },
  600_000,
);

test.skipIf(timedKills === 0)(
  `processes of which one is killed every ${killEvery} ms compute only what the dead had begun again`,
  async () => {
    const all: ChildProcess[] = [];
    // One after the other: so many that start at once are in each other's way.
    while (all.length < processes + timedKills) all.push(await start('sharer.mjs'));
    const spares = all.splice(processes);
    const working = all.map(work);
    // It lives, so that there is a caller to be answered.
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
    const results = [answered, ...(await Promise.all(working))];
    await expectOnce(
      results.filter((result) => result !== undefined),
      dead,
    );
    console.info(`${dead.size} killed; ${(await computations()).length} computations of ${keys}`);
  },
  600_000,
);

/**
 * All was computed, and again only what one of the dead had begun and not stored. What a process has
 * computed under a lease that it lost does not count; but it must not lose one while Redis answers it.
 */
async function expectOnce(
  results: readonly Result[],
  dead: ReadonlySet<number> = new Set(),
): Promise<void> {
  const lost = new Set<string>();
  for (const { pid, lost: its, silence, ...result } of results) {
    expect(result).toMatchObject({ wrong: [], duplicates: 0, failures: 0 });
    if (its.length > 0) expect(silence).toBeGreaterThan(mustLoseAfter);
    for (const key of its) lost.add(`${pid} ${key}`);
  }
  const all = await computations();
  expect(new Set(all.map(({ key }) => key)).size).toBe(keys);
  const last = new Map<number, number>();
  const again: { pid: number; key: number; and: number }[] = [];
  for (const { pid, key } of all) {
    if (lost.has(`${pid} ${key}`)) continue;
    const before = last.get(key);
    if (before !== undefined && !dead.has(before)) again.push({ pid: before, key, and: pid });
    last.set(key, pid);
  }
  expect(again).toEqual([]);
}

test.runIf(inFull)(
  `of ${pauses} processes that were stopped past their lease, none writes late`,
  async () => {
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
  },
  600_000,
);
