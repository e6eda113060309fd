/** Pools of two processes over one Redis: what one invalidates is in the memory of neither. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { variants } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const program = fileURLToPath(new URL('redis-app/peer.mjs', import.meta.url));

/** A process with a pool. */
class Peer {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#answers.get(id)?.(answer);
    });
  }

  static async start(port: number): Promise<Peer> {
    const redis = { REDIS: `redis://127.0.0.1:${port}`, PREFIX: 'shared', TIMEOUT: '1000' };
    const env = { ...process.env, ...redis, TRUTH: home };
    const child = fork(program, { env, execArgv: [] });
    await once(child, 'message');
    return new Peer(child);
  }

  ask(what: string, n?: number): Promise<unknown> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.send({ id, what, n });
    });
  }

  async end(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

let server: RedisServer;
let proxy: TcpProxy;
let home: string;
let one: Peer;
let other: Peer;
let key = 0;
const say = (text: string) => writeFile(join(home, 'truth'), text);

beforeAll(async () => {
  if (withoutRedis) return;
  server = await startRedis();
  proxy = await proxyTo(server.port);
  home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  [one, other] = await Promise.all([Peer.start(server.port), Peer.start(proxy.port)]);
});
afterAll(async () => {
  await Promise.all([one?.end(), other?.end()]);
  await proxy?.close();
  await server?.stop();
  if (home) await removeFolder(home);
});
beforeEach(({ skip }) => {
  if (withoutRedis) skip();
  key++;
});

/** Both have it in memory, and one of them has computed it. */
async function bothKnow(text: string): Promise<void> {
  await say(text);
  expect([await one.ask('call', key), await other.ask('call', key)]).toEqual([text, text]);
  expect(await other.ask('peek', key)).toBe(text);
}

const forgets = () => expect.poll(() => other.ask('peek', key));

test.each(variants(['invalidate', 'clear', 'clearAll', 'tag'], 2))(
  '%s reaches the memory of the other process',
  async (what) => {
    await bothKnow(`old ${what}`);
    await say(`new ${what}`);
    await one.ask(what, key);
    await forgets().toBe(undefined);
    expect(await other.ask('call', key)).toBe(`new ${what}`);
    expect(await one.ask('call', key)).toBe(`new ${what}`);
  },
);

test.each(['invalidate', 'tag'])(
  'what was in flight in the other process is kept nowhere: %s',
  async (how) => {
    await say('old');
    await writeFile(join(home, `hold-${key}`), '');
    const called = other.ask('call', key);
    await expect.poll(() => existsSync(join(home, `begun-${key}`))).toBe(true);
    await say('new');
    await one.ask(how, key);
    // A call of this process asks Redis after that, and waits for no process.
    const again = one.ask('call', key);
    await rm(join(home, `hold-${key}`));
    expect(await called).toBe('old');
    expect(await again).toBe('new');
    await expect.poll(() => other.ask('call', key)).toBe('new');
    expect(await one.ask('call', key)).toBe('new');
  },
);

test.each(variants(['black hole', 'half open', 'cut'] as const, 1))(
  'what was missed is forgotten: %s',
  async (how) => {
    await bothKnow('old');
    if (how !== 'cut') proxy.weather = how;
    proxy.cut();
    const connected = () => other.ask('connected');
    if (how !== 'cut') await expect.poll(connected).toBe(false);
    await say('new');
    await one.ask('invalidate', key);
    proxy.weather = 'fine';
    await forgets().toBe(undefined);
    expect(await other.ask('call', key)).toBe('new');
  },
);
