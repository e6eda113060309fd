/** A pool under load whose Redis goes away, and comes back: no call is slow, and no value is old. */

import { createPool, type MemoPool } from 'threadmemo';
import { type RedisTier, redisTier } from 'threadmemo/redis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { epochOf } from '../fixtures/counted-results.ts';
import { count, counted, fresh } from '../fixtures/counters-and-gates.ts';
import { proxyTo, type TcpProxy, type Weather } from './redis-proxy.ts';
import { type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

/** Far more than any limit, and far less than for ever. */
const AT_ONCE = 60_000;
const callers = 8;

let server: RedisServer;
let proxy: TcpProxy;
let tier: RedisTier;
let pool: MemoPool;
beforeEach(async ({ skip }) => {
  if (withoutRedis) skip();
  server = await startRedis();
  proxy = await proxyTo(server.port);
  await open(proxy.port);
});
afterEach(async () => {
  await pool?.close();
  await proxy?.close();
  await server?.stop();
});

async function open(port: number): Promise<void> {
  await pool?.close();
  tier = redisTier({ url: `redis://127.0.0.1:${port}`, timeout: 1000, connectTimeout: 15_000 });
  pool = await createPool({ threads: 1, tiers: [tier] });
}

/** Callers that know what they must be answered at least, and go on until they are stopped. */
class Load {
  calls = 0;
  longest = 0;
  readonly old: string[] = [];
  invalidates = true;
  /** By name: what was counted when it was last invalidated. */
  readonly least = new Map<string, number>();
  readonly #names = Array.from({ length: 30 }, () => fresh('epoch'));
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor() {
    this.#ended = Promise.all(Array.from({ length: callers }, (_, n) => this.#go(n)));
    // It is `stop` that says so; a test that has failed before does not.
    this.#ended.catch(() => {});
  }

  /** Settles when so many more calls were answered. */
  async reaches(more: number): Promise<void> {
    const enough = this.calls + more;
    await expect.poll(() => this.calls, { timeout: 60_000 }).toBeGreaterThanOrEqual(enough);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #go(caller: number): Promise<void> {
    for (let step = caller; !this.#stopped; step++) {
      const name = this.#names[(step * 7) % this.#names.length] as string;
      if (this.invalidates && step % 5 === 0) await this.#invalidate(name);
      await this.check(name);
      // One that was not asked for.
      if (step % 3 === 0) await this.check(fresh('epoch'));
    }
  }

  async #invalidate(name: string): Promise<void> {
    const now = count(name);
    await epochOf.invalidate(name);
    this.least.set(name, Math.max(now, this.least.get(name) ?? 0));
  }

  async check(name: string): Promise<void> {
    const least = this.least.get(name) ?? 0;
    const start = performance.now();
    const epoch = await epochOf(name);
    this.longest = Math.max(this.longest, performance.now() - start);
    this.calls++;
    if (epoch < least || epoch > counted(name)) this.old.push(`${name}: ${epoch} of ${least}`);
  }
}

const used = () => {
  const { hits = 0, leases = 0 } = pool.stats().tiers['redis'] ?? {};
  return hits + leases;
};

const weathers: Weather[] = ['black hole', 'half open'];
test.runIf(inFull).each(weathers)(
  'in the middle of load: %s',
  async (weather) => {
    const load = new Load();
    await load.reaches(300);
    expect(used()).toBeGreaterThan(0);
    proxy.weather = weather;
    await expect.poll(() => tier.stats().connected, { timeout: AT_ONCE }).toBe(false);
    await load.reaches(300);
    const before = used();
    // What is not mended afterwards.
    load.invalidates = false;
    proxy.weather = 'fine';
    await expect.poll(used, { timeout: AT_ONCE }).toBeGreaterThan(before);
    await load.reaches(300);
    await load.stop();
    expect(load.old).toEqual([]);
    expect(load.longest).toBeLessThan(AT_ONCE);
    // What another process finds in Redis is not older.
    await open(server.port);
    for (const name of load.least.keys()) await load.check(name);
    expect(used()).toBeGreaterThan(0);
    expect(load.old).toEqual([]);
  },
  300_000,
);
