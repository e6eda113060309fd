/** Processes whose clocks differ by minutes: what one has made ends in each of them at its time. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const app = (name: string) => fileURLToPath(new URL(`redis-app/${name}`, import.meta.url));
/** Of what is made. */
const ttl = 500;
/** Minutes. */
const clocks = [-10, 10];
/** Times that something new is made. */
const generations = cases(2);
/** For what is under way, on a busy machine: far less than the clocks differ. */
const slack = 20_000;

let server: RedisServer;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
});

const children = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of children) {
    if (!child.connected) continue;
    child.disconnect();
    await once(child, 'exit');
  }
});

interface Seen {
  /** When it was made, in milliseconds of the machine. */
  readonly at: number;
  /** Who has made it. */
  readonly pid: number;
  /** When it was asked for, since then. */
  readonly age: number;
}

test.runIf(inFull)(
  'nothing is served beyond its ttl, and nothing is made again before',
  async () => {
    const processes = await Promise.all(clocks.map(start));
    const made = new Map<number, number>();
    const seenByOthers = new Set<number>();
    let oldest = 0;
    await new Promise<void>((resolve, reject) => {
      for (const child of processes) {
        child.on('exit', () => reject(new Error('a process has ended')));
        child.on('message', ({ at, pid, age }: Seen) => {
          made.set(at, pid);
          if (pid !== child.pid) seenByOthers.add(at);
          oldest = Math.max(oldest, age);
          if (oldest > ttl + slack || made.size > generations) resolve();
        });
      }
    });
    for (const child of processes) child.removeAllListeners();
    expect(oldest).toBeLessThan(ttl + slack);
    const times = [...made.keys()].sort((one, other) => one - other);
    const between = times.slice(1).map((at, n) => at - (times[n] as number));
    // Redis counts whole milliseconds.
    expect(Math.min(...between)).toBeGreaterThanOrEqual(ttl - 2);
    expect(seenByOthers.size).toBeGreaterThan(0);
  },
);

async function start(minutes: number): Promise<ChildProcess> {
  const env = { ...process.env, REDIS: server.url, TTL: String(ttl), AHEAD: String(minutes) };
  const child = fork(app('clock.mjs'), { env, execArgv: ['--import', app('shift.mjs')] });
  children.add(child);
  const [{ date }] = (await once(child, 'message')) as [{ date: number }];
  // It is as wrong as it should be.
  expect(Math.round((date - Date.now()) / 60_000)).toBe(minutes);
  return child;
}
