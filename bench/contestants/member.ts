/** What does one process of a fleet do? What its orders say, with the contestant's cache. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { timeHits } from '../functions/hits.js';
import { stampedeCost } from '../functions/plain.js';
import { resetCounts, tally } from '../functions/shared.js';
import { redisTier } from '../functions/threadmemo.js';
import * as upstream from '../functions/upstream.js';
import { expectAnswer } from '../measuring.ts';
import { type MemberCache, memberCaches } from './member-caches.ts';

const [contestant = '', portText] = process.argv.slice(2);
const port = Number(portText);
/** Milliseconds for which a process sleeps before what is measured. */
const rest = 10;
const functions = new URL('../functions/plain.js', import.meta.url);

let cache: MemberCache;
let handover: ReturnType<typeof redisTier> | undefined;
let redis: Redis | undefined;
let found: Promise<number> | undefined;
let store: (() => Promise<boolean>) | undefined;

function tier() {
  handover ??= redisTier({ url: `redis://127.0.0.1:${port}`, prefix: 'handover' });
  return handover;
}

/** Nanoseconds, of a clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint());

const orders = {
  async open() {
    const openCache = memberCaches[contestant];
    if (openCache === undefined) throw new Error(`no cache is called "${contestant}"`);
    cache = await openCache({ port, functions });
  },

  /** All keys at once. */
  async stampede(from: number, to: number) {
    resetCounts();
    const keys = Array.from({ length: to - from }, (_, at) => from + at);
    const answers = await Promise.all(keys.map((key) => cache.call('cost20ms', key)));
    for (const [at, answer] of answers.entries()) expectAnswer(answer, from + at + 1);
    return tally().computations;
  },

  /** Nanoseconds a hit, once the compiler has seen many. */
  async hits(key: number, ms: number) {
    const hit = () => cache.call('cost20ms', key);
    await timeHits(hit, ms);
    return timeHits(hit, ms);
  },

  /**
   * New keys one after the other, the same as in the other processes, until Redis is used again after
   * `end`; then what was under way at `begin` once more, since memory has been emptied meanwhile.
   */
  async outage(from: number, begin: number, end: number) {
    /** Milliseconds beyond the computation. */
    const ask = async (key: number) => {
      const start = performance.now();
      await cache.call('cost20ms', key);
      return performance.now() - start - stampedeCost;
    };
    let longest = 0;
    let underWay = from;
    let usesBefore: number | undefined;
    for (let key = from; ; key++) {
      if (Date.now() < begin) underWay = key;
      longest = Math.max(longest, await ask(key));
      if (Date.now() < end) continue;
      const uses = cache.uses?.() ?? 0;
      usesBefore ??= uses;
      if (uses === usesBefore) continue;
      const back = Date.now() - end;
      const again = Math.max(await ask(underWay), await ask(underWay + 1));
      return { longest, back, again };
    }
  },

  /** A key that becomes old, again and again until a time; `pause` is the longest between two answers. */
  async becomeOld(key: number, end: number) {
    const { hotInFleet } = await import('../functions/hot.js');
    upstream.resetTries();
    let oldest = 0;
    let pause = 0;
    for (let last = upstream.now(); last < end; await sleep(rest)) {
      const made = await hotInFleet(key);
      const at = upstream.now();
      oldest = Math.max(oldest, at - made);
      pause = Math.max(pause, at - last);
      last = at;
    }
    return { computations: upstream.readTries().count, oldest, pause };
  },

  async hold(key: string) {
    const answer = await tier().lease('f', key);
    if (answer.state !== 'granted') throw new Error(`the lease is ${answer.state}`);
    const value = { codec: 9 as const, bytes: new Uint8Array(100) };
    store = () => answer.lease.store({ value, ms: 1, expiresAt: Date.now() + 60_000 });
  },

  /** When it began to store, and when it knew that it has. */
  async store() {
    const begun = now();
    await store?.();
    return { begun, ended: now() };
  },

  /** Nanoseconds of one round trip, after the same rest as before a handover. */
  async ping() {
    redis ??= new Redis(port, '127.0.0.1');
    await redis.ping();
    await sleep(rest);
    const start = now();
    await redis.ping();
    return now() - start;
  },

  /** Has it wait for a value that another process has the lease of. */
  async waitFor(key: string) {
    const answer = await tier().lease('f', key);
    if (answer.state !== 'held') throw new Error(`the lease is ${answer.state}`);
    found = answer.over.then(async () => {
      const { state } = await tier().lease('f', key);
      return state === 'found' ? now() : Number.NaN;
    });
  },

  /** When it had it. */
  async found() {
    return found;
  },
};

export type MemberOrders = typeof orders;

process.on('message', async ({ name, args }: { name: keyof MemberOrders; args: never[] }) => {
  try {
    const run = orders[name] as (...args: never[]) => Promise<unknown>;
    process.send?.({ answer: await run(...args) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.once('disconnect', async () => {
  redis?.disconnect();
  await Promise.all([cache.close(), handover?.close()]);
});
