/**
 * Processes that share keys, and invalidate them, lose Redis in the middle of it, without a word:
 * packets are lost in both directions, but for one process, which goes on. What is answered is right
 * all the time, and Redis is used again when it is back.
 */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFull, promised } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { Peer } from './redis-peer.ts';
import { proxyTo, type TcpProxy } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const processes = promised(4, 3);
const outages = promised(3, 1);
/** Keys that are asked for again and again. */
const shared = 48;
/** Calls of each process in each weather. */
const calls = promised(200, 30);
/** Milliseconds; the machine may be busy. */
const timeout = 1000;
/** Far more than any limit, and far less than for ever. */
const patience = { timeout: 150_000 };

interface Seen {
  readonly calls: number;
  /** Milliseconds beyond the computation. */
  readonly longest: number;
  readonly wrong: readonly object[];
  readonly used: number;
  readonly connected: boolean;
}

let home: string;
let server: RedisServer;
let proxy: TcpProxy;
const peers: Peer[] = [];
beforeEach(async ({ skip }) => {
  if (withoutRedis) skip();
  home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  // More numbers than will be asked for.
  await writeFile(join(home, 'versions'), Buffer.alloc(4_000_000));
  server = await startRedis();
  proxy = await proxyTo(server.port);
});
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.end()));
  await proxy?.close();
  await server?.stop();
  if (home) await removeFolder(home);
});

async function start(index: number, port: number): Promise<Peer> {
  const redis = { REDIS: `redis://127.0.0.1:${port}`, TIMEOUT: String(timeout) };
  const env = { ...redis, VERSIONS: join(home, 'versions') };
  const peer = await Peer.start('load.mjs', env, index, processes, shared);
  peers[index] = peer;
  return peer;
}

const seenBy = (peer: Peer) => peer.ask('seen') as Promise<Seen>;
const each = <T>(ask: (peer: Peer) => Promise<T>) => Promise.all(peers.map(ask));

/** Settles when each process has had so many answers more. */
async function goesOn(): Promise<void> {
  const before = await each(seenBy);
  const more = async () => {
    const now = await each(seenBy);
    return Math.min(...now.map((seen, at) => seen.calls - (before[at]?.calls ?? 0)));
  };
  await expect.poll(more, patience).toBeGreaterThanOrEqual(calls);
}

/** Settles when each process has had something of Redis since. */
async function isUsed(before: readonly Seen[]): Promise<void> {
  const more = async () => {
    const now = await each(seenBy);
    return Math.min(...now.map((seen, at) => seen.used - (before[at]?.used ?? 0)));
  };
  await expect.poll(more, patience).toBeGreaterThan(0);
}

test.runIf(inFull)(
  `of ${processes} processes with the same keys, all but one have a black hole for a Redis`,
  async () => {
    const port = (n: number) => (n === 0 ? server.port : proxy.port);
    await Promise.all(Array.from({ length: processes }, (_, n) => start(n, port(n))));
    await isUsed([]);
    for (let outage = 0; outage < outages; outage++) {
      await goesOn();
      proxy.weather = 'black hole';
      const connected = async () => (await each(seenBy)).filter((seen) => seen.connected).length;
      await expect.poll(connected, patience).toBe(1);
      await goesOn();
      // What is not mended by invalidating it again.
      if (outage === outages - 1) await each((peer) => peer.ask('keepStill'));
      await goesOn();
      const before = await each(seenBy);
      proxy.weather = 'fine';
      await isUsed(before);
    }
    await goesOn();
    const seen = await each(seenBy);
    const [goingOn, ...cutOff] = seen.map(({ longest }) => longest.toFixed());
    console.info(`longest call beyond its computation: ${cutOff} ms where Redis was lost`);
    console.info(`${goingOn} ms in the process that waited for what these had begun`);
    expect(seen.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { longest } of seen) expect(longest).toBeLessThan(patience.timeout);

    // What others have invalidated is forgotten, too, by all who are there, and by Redis.
    const behind = async () => Math.max(...((await each((it) => it.ask('behind'))) as number[]));
    await expect.poll(behind, patience).toBe(0);
    // One that has nothing to invalidate.
    const late = await start(processes, server.port);
    expect(await late.ask('behind')).toBe(0);
    expect((await seenBy(late)).used).toBeGreaterThan(0);
  },
  1_200_000,
);
