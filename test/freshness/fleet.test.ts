/** Each process of a fleet refreshes what one of them does already, or never learns of the new value. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { type RedisServer, startRedis, withoutRedis } from '../tiers/redis-server.ts';

const program = fileURLToPath(new URL('fleet-app/refresher.mjs', import.meta.url));
const processes = inFull ? 8 : 4;

let server: RedisServer;
const members: Member[] = [];
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
afterEach(() => {
  for (const member of members.splice(0)) member.child.kill('SIGKILL');
});

interface Word {
  readonly id?: number;
  readonly result?: unknown;
  readonly computes?: number;
}

class Member {
  readonly child: ChildProcess;
  readonly #asked = new Map<number, (result: unknown) => void>();
  readonly ready: Promise<unknown>;
  #last = 0;

  constructor(env: Record<string, string>, computes: (pid: number) => void) {
    this.child = fork(program, { env: { ...process.env, ...env }, execArgv: [] });
    this.ready = new Promise((resolve) => this.#asked.set(0, resolve));
    this.child.on('message', ({ id, result, computes: pid }: Word) => {
      if (pid !== undefined) computes(pid);
      if (id !== undefined) this.#asked.get(id)?.(result);
    });
  }

  do(order: 'call' | 'advance' | 'lift' | 'quiet'): Promise<unknown> {
    const id = ++this.#last;
    this.child.send({ id, order });
    return new Promise((resolve) => this.#asked.set(id, resolve));
  }
}

test('one process refreshes, and all others find its value', async ({ skip }) => {
  if (withoutRedis) skip();
  const computed: number[] = [];
  let second: (pid: number) => void = () => {};
  const refreshed = new Promise<number>((resolve) => {
    second = resolve;
  });
  const env = { REDIS: server.url, PREFIX: `fleet${process.pid}`, NOW: String(Date.now()) };
  for (let n = 0; n < processes; n++) {
    const computes = (pid: number) => {
      computed.push(pid);
      if (computed.length === 2) second(pid);
    };
    members.push(new Member(env, computes));
  }
  await Promise.all(members.map(({ ready }) => ready));
  const all = (order: 'call' | 'advance' | 'lift' | 'quiet') =>
    Promise.all(members.map((member) => member.do(order)));

  const [first, ...others] = members as [Member, ...Member[]];
  void first.do('lift');
  const pid = await first.do('call');
  expect(await Promise.all(others.map((member) => member.do('call')))).toEqual(
    others.map(() => pid),
  );
  await all('advance');
  // Stale, at once: of the others no computation can end.
  expect(await all('call')).toEqual(members.map(() => pid));
  const by = await refreshed;
  await all('lift');
  await all('quiet');
  expect(await all('call')).toEqual(members.map(() => by));
  expect(computed).toEqual([pid, by]);
});
