/** Several processes and one memcached: each key is computed once, by one of those that live. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { fn, keyOf, numbered } from './disk-app/numbered.mjs';
import { openTier } from './memcached-app/tier.mjs';
import { type MemcachedServer, startMemcached, withoutMemcached } from './memcached-server.ts';

const app = fileURLToPath(new URL('memcached-app', import.meta.url));
/** More with `SHARING=8`: so many processes, and 25 times as many keys of 20 ms. */
const processes = Number(process.env['SHARING'] ?? 3);
const keys = 25 * processes;
/** Milliseconds of one computation. */
const ms = process.env['SHARING'] ? 20 : 4;

let server: MemcachedServer;
let home: string;
const children = new Set<ChildProcess>();
beforeEach(async ({ skip }) => {
  if (withoutMemcached) return skip();
  server = await startMemcached();
  home = await mkdtemp(join(tmpdir(), 'threadmemo-memcached-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await server?.stop();
  if (home) await removeFolder(home);
});

interface Sharer {
  readonly child: ChildProcess;
  /** Values that it has. */
  readonly values: Map<number, boolean>;
  /** What it says at its end; nothing if it was killed. */
  readonly done: Promise<{ computations: number; hits: number } | undefined>;
}

async function start(heard: (sharer: Sharer) => void = () => {}): Promise<Sharer> {
  const env = { ...process.env, LOG: join(home, 'log'), KEYS: String(keys), MS: String(ms) };
  const child = fork(join(app, 'sharer.mjs'), [server.address], { env });
  children.add(child);
  const values = new Map<number, boolean>();
  const done = new Promise<Awaited<Sharer['done']>>((resolve) => {
    child.on('message', (message: { n: number; isRight: boolean; done?: never }) => {
      if (message.done) resolve(message.done);
      if (message.n === undefined) return;
      values.set(message.n, message.isRight);
      heard(sharer);
    });
    child.on('exit', () => resolve(undefined));
  });
  const sharer = { child, values, done };
  await once(child, 'message');
  return sharer;
}

/** By key: how many processes have begun to compute it. */
async function computations(): Promise<number[]> {
  const lines = (await readFile(join(home, 'log'), 'utf8')).trim().split('\n');
  const counts = new Array<number>(keys).fill(0);
  for (const line of lines) {
    const key = Number(line.split(' ')[1]);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function expectAll({ values }: Sharer): void {
  expect([...values.keys()].sort((a, b) => a - b)).toEqual(Array.from(Array(keys).keys()));
  expect([...values.values()].every(Boolean)).toBe(true);
}

test.runIf(inFull)(
  `${processes} processes ask for the same ${keys} keys at once: each is computed once`,
  async () => {
    const sharers = await Promise.all(Array.from({ length: processes }, () => start()));
    for (const { child } of sharers) child.send('go');
    const ends = await Promise.all(sharers.map(({ done }) => done));
    for (const each of sharers) expectAll(each);
    expect(await computations()).toEqual(new Array(keys).fill(1));
    expect(ends.map((end) => (end ? end.computations + end.hits : 0))).toEqual(
      new Array(processes).fill(keys),
    );
  },
);

test.runIf(inFull)(
  'who lives has every key, and computes again only what the killed held',
  async () => {
    let killed = 0;
    const killSoon = (sharer: Sharer) => {
      if (sharer.values.size === 2 + killed * 3 && sharer.child.kill('SIGKILL')) killed++;
    };
    const doomed = await Promise.all(Array.from({ length: processes - 1 }, () => start(killSoon)));
    const survivor = await start();
    for (const { child } of [survivor, ...doomed]) child.send('go');
    await survivor.done;
    expectAll(survivor);
    expect(killed).toBeGreaterThan(0);
    const counts = await computations();
    expect(Math.max(...counts)).toBeLessThanOrEqual(1 + killed);
    expect(counts.every((count) => count > 0)).toBe(true);
  },
);

test.runIf(inFull)(
  'one that was stopped beyond its lease overwrites nothing when it goes on',
  async () => {
    const child = fork(join(app, 'holder.mjs'), [server.address]);
    children.add(child);
    expect((await once(child, 'message'))[0]).toBe('granted');
    child.kill('SIGSTOP');
    const tier = openTier(server.address);
    const second = numbered(2);
    while (true) {
      const answer = await tier.lease(fn, keyOf(1));
      if (answer.state === 'held') await answer.over;
      if (answer.state !== 'granted') continue;
      expect(await answer.lease.store(second)).toBe(true);
      break;
    }
    child.kill('SIGCONT');
    child.send('store');
    expect((await once(child, 'message'))[0]).toBe(false);
    expect(await tier.get(fn, keyOf(1))).toEqual(second);
    await tier.close();
  },
);
