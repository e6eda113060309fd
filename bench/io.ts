/**
 * What does a thread cost that waits for something else? Functions that only wait, as for a database:
 * a thousand calls, by 64 callers and by all at once, wherever they run. Whether functions that compute
 * get their thread beside hundreds that wait. And whether a limit of ten at a moment is kept, and used.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { type IoCache, ioCaches, type Wait } from './contestants/io-caches.ts';
import { readGauge, resetGauge } from './functions/gauge.js';
import { expectAnswer, runCallers } from './measuring.ts';
import { type Bar, bestOther, metric, type Sample, type Scenario, threads } from './scenario.ts';

const calls = 1_000;
const crowd = 500;
const computations = 300;
/** Of the function that is limited. */
const limitedCalls = 400;

let lastKey = 0;

function* newKeys(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield ++lastKey;
}

function wallOf(cache: IoCache, name: Wait, callers: number): Promise<number> {
  return runCallers(callers, newKeys(calls), async (key) => {
    expectAnswer(await cache.wait(name, key), key + 1);
  });
}

async function measure(cache: IoCache): Promise<Sample> {
  return {
    few20: await wallOf(cache, 'wait20ms', 64),
    all20: await wallOf(cache, 'wait20ms', calls),
    few100: await wallOf(cache, 'wait100ms', 64),
    all100: await wallOf(cache, 'wait100ms', calls),
  };
}

/** Milliseconds of the slowest hundredth, one call after the other. */
async function slowestOf(cache: IoCache): Promise<number> {
  const latencies: number[] = [];
  await runCallers(1, newKeys(computations), async (key) => {
    const start = performance.now();
    expectAnswer(await cache.compute(key), key + 1);
    latencies.push(performance.now() - start);
  });
  latencies.sort((a, b) => a - b);
  return latencies[Math.floor(computations * 0.99)] ?? Number.NaN;
}

/** @param spreadMs in which the callers come: then their waits end one after the other, and not at once */
async function slowestBeside(cache: IoCache, spreadMs: number): Promise<number> {
  let isOver = false;
  const waiters = Array.from({ length: crowd }, async (_, n) => {
    await setTimeout((n / crowd) * spreadMs);
    while (!isOver) for (const key of newKeys(1)) await cache.wait('wait100ms', key);
  });
  await setTimeout(2 * spreadMs);
  const slowest = await slowestOf(cache);
  isOver = true;
  await Promise.all(waiters);
  return slowest;
}

async function measureMixed(cache: IoCache): Promise<Sample> {
  const alone = await slowestOf(cache);
  const beside = await slowestBeside(cache, 100);
  return { alone, beside, more: beside - alone, atOnce: await slowestBeside(cache, 0) };
}

/** All callers at once: how many computations go on, at most and in the mean. */
async function measureLimited(cache: IoCache): Promise<Sample> {
  const limited = cache.limited ?? (() => Promise.reject(new Error('it has no limit')));
  resetGauge();
  const wall = await runCallers(limitedCalls, newKeys(limitedCalls), async (key) => {
    expectAnswer(await limited(key), key + 1);
  });
  const { most, ms } = readGauge();
  return { most, mean: ms / wall };
}

const ours = ['threadmemo', 'threadmemo, caller', 'threadmemo, main'] as const;

function barsForEach(bar: Omit<Bar, 'contestant'>): Bar[] {
  return ours.map((contestant) => ({ contestant, ...bar }));
}

export const io: Scenario<IoCache> = {
  name: 'io',
  field: ioCaches,
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'io',
      question: `${calls} calls of functions that wait 20 and 100 ms, keys never repeat: 64 callers at a time, and all at once; ${threads} threads`,
      baseline: 'p-memoize',
      metrics: [
        metric('few20', 'wall ms, 20 ms, 64 callers', { ratio: true }),
        metric('all20', `wall ms, 20 ms, ${calls} callers`, { digits: 1, ratio: true }),
        metric('few100', 'wall ms, 100 ms, 64 callers', { ratio: true }),
        metric('all100', `wall ms, 100 ms, ${calls} callers`, { digits: 1, ratio: true }),
      ],
      bars: [
        ...barsForEach({
          metric: 'all100',
          of: 'ratio',
          to: bestOther,
          must: 'be at most',
          limit: 1.3,
        }),
        // 25 µs a call.
        ...barsForEach({
          metric: 'all20',
          of: 'difference',
          to: bestOther,
          must: 'be at most',
          limit: 0.025 * calls,
        }),
      ],
      measure,
    },
    {
      name: 'mixed',
      question: `${computations} calls of a function of 1 ms, one after the other, alone and beside ${crowd} callers of one that waits 100 ms`,
      metrics: [
        metric('alone', 'p99 ms, alone', { digits: 2 }),
        metric('beside', 'p99 ms, beside', { digits: 2 }),
        metric('more', 'more than alone', { digits: 2 }),
        metric('atOnce', 'p99 ms, all waits end at once', { digits: 2 }),
      ],
      bars: barsForEach({ metric: 'more', of: 'value', must: 'be at most', limit: 3 }),
      measure: measureMixed,
    },
    {
      name: 'limited',
      question: `${limitedCalls} calls at once of a function that waits 20 ms, with concurrency: 10`,
      metrics: [
        metric('most', 'most at a moment', { over: 'max' }),
        metric('mean', 'in the mean', { digits: 2, better: 'high' }),
      ],
      bars: [
        ...barsForEach({ metric: 'most', of: 'value', must: 'be at most', limit: 10 }),
        ...barsForEach({ metric: 'mean', of: 'value', must: 'be at least', limit: 9.5 }),
      ],
      measure: measureLimited,
    },
  ],
  notShown: [
    'real sockets: the functions wait for a timer, which costs next to nothing',
    'what the functions do on the main thread when they do more than wait',
  ],
};
