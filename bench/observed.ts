/**
 * What does it cost to be looked at? A scrape of a pool with 200 functions, and its page with viewers: processor
 * time of the process, which has the main thread's in it, so that other programs hardly change it.
 */
import { setTimeout } from 'node:timers/promises';
import { type WatchedPool, watchedPools } from './contestants/watched-pools.ts';
import { metric, type Part, type Sample, type Scenario } from './scenario.ts';

const scrapes = 20;
const viewers = 5;
const lookedAtMs = 5_000;

function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

async function measureScrapes(pool: WatchedPool, round: number): Promise<Sample> {
  await pool.callAll(round);
  let [sum, slowest, bytes] = [0, 0, 0];
  for (let nth = 0; nth < scrapes; nth++) {
    const start = process.cpuUsage();
    bytes = (await pool.scrape()).length;
    const ms = cpuMs(start);
    sum += ms;
    slowest = Math.max(slowest, ms);
    await setTimeout(20);
  }
  return { mean: sum / scrapes, slowest, kb: bytes / 1_000 };
}

async function cpuPerSecond(): Promise<number> {
  const [start, wall] = [process.cpuUsage(), performance.now()];
  await setTimeout(lookedAtMs);
  return (cpuMs(start) * 1_000) / (performance.now() - wall);
}

async function measurePage(pool: WatchedPool, round: number): Promise<Sample> {
  await pool.callAll(round);
  const unseen = await cpuPerSecond();
  const all = [await pool.look()];
  const one = (await cpuPerSecond()) - unseen;
  while (all.length < viewers) all.push(await pool.look());
  const some = (await cpuPerSecond()) - unseen;
  for (const viewer of all) viewer.kill();
  return { unseen, one, each: some / viewers };
}

const paint: Part<WatchedPool> = {
  name: 'observed paint',
  question:
    'the page in a browser that has seen nothing of it, from its request to its first content',
  metrics: [metric('ms', 'milliseconds')],
  bars: [
    {
      contestant: 'threadmemo-in-chromium',
      metric: 'ms',
      of: 'value',
      must: 'be at most',
      limit: 300,
    },
  ],
  async measure(pool, round) {
    await pool.callAll(round);
    return { ms: await pool.firstPaint() };
  },
};

export const observed: Scenario<WatchedPool> = {
  name: 'observed',
  field: watchedPools,
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'observed scrape',
      question: `${scrapes} scrapes of 200 functions, one by one`,
      metrics: [
        metric('mean', 'CPU ms, each', { digits: 2 }),
        metric('slowest', 'the slowest', { digits: 2 }),
        metric('kb', 'kB'),
      ],
      bars: [
        { contestant: 'threadmemo', metric: 'mean', of: 'value', must: 'be at most', limit: 5 },
      ],
      measure: measureScrapes,
    },
    {
      name: 'observed page',
      question: `the page of 200 functions, ${lookedAtMs / 1000} s with no viewer, with one, and with ${viewers}`,
      metrics: [
        metric('unseen', 'CPU ms a second, unseen', { digits: 1 }),
        metric('one', 'for one viewer', { digits: 1 }),
        metric('each', `for each of ${viewers}`, { digits: 1 }),
      ],
      bars: [
        { contestant: 'threadmemo', metric: 'one', of: 'value', must: 'be at most', limit: 10 },
      ],
      measure: measurePage,
    },
    paint,
  ],
  notShown: [
    'compression of the page and of the metrics: neither does that itself',
    'functions that change much between two looks, which makes no difference to what is added up',
  ],
};
