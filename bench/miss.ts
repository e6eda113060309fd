/**
 * What does it cost to find nothing? A trivial function, every key asked once: all that is measured
 * is the way to a worker and back, and what a contestant adds to it. And whether what makes that fast
 * costs balance: longer functions of uneven length, against the best schedule.
 */
import { performance } from 'node:perf_hooks';
import { callees } from './contestants/on-main.ts';
import { unevenCost } from './functions/plain.js';
import { expectAnswer, mean, median, runCallers } from './measuring.ts';
import { metric, type Opened, type Sample, type Scenario, threads } from './scenario.ts';

const callers = 64;
const concurrentCalls = 6_000;
const sequentialCalls = 800;
const unevenCalls = 240;

async function measure(opened: Opened, round: number): Promise<Sample> {
  const first = round * (concurrentCalls + sequentialCalls);
  const ms = await runCallers(callers, numbers(first, concurrentCalls), async (n) => {
    expectAnswer(await opened.call('addOne', n), n + 1);
  });
  const latencies: number[] = [];
  for (const n of numbers(first + concurrentCalls, sequentialCalls)) {
    const start = performance.now();
    const answer = await opened.call('addOne', n);
    latencies.push((performance.now() - start) * 1_000);
    expectAnswer(answer, n + 1);
  }
  return {
    throughput: concurrentCalls / (ms / 1_000),
    median: median(latencies),
    mean: mean(latencies),
  };
}

/** Work enough for both threads until the end is near: what is lost is lost by who gets what. */
async function measureUneven(opened: Opened, round: number): Promise<Sample> {
  const keys = [...numbers(round * unevenCalls, unevenCalls)];
  const wall = await runCallers(callers, keys, async (n) => {
    expectAnswer(await opened.call('uneven', n), n + 1);
  });
  return { wall, ofIdeal: wall / shortestSchedule(keys.map(unevenCost)) };
}

/**
 * Milliseconds of the best schedule, to a fraction of the smallest cost: the longest first, to
 * the one that has least.
 */
function shortestSchedule(costs: readonly number[]): number {
  const loads = new Array<number>(threads).fill(0);
  for (const cost of [...costs].sort((a, b) => b - a)) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] = (loads[least] ?? 0) + cost;
  }
  return Math.max(...loads);
}

function* numbers(first: number, count: number): Generator<number> {
  for (let n = first; n < first + count; n++) yield n;
}

export const miss: Scenario<Opened> = {
  name: 'miss',
  field: callees,
  warmUps: 2,
  rounds: 9,
  parts: [
    {
      name: 'miss',
      question: `n => n + 1, keys never repeat: ${callers} callers at a time, then one at a time`,
      baseline: 'piscina',
      metrics: [
        metric('throughput', `calls/s, ${callers} callers`, { ratio: true, better: 'high' }),
        metric('median', 'median µs, one caller', { digits: 1, ratio: true }),
        metric('mean', 'mean µs, one caller', { digits: 1, ratio: true }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'throughput',
          of: 'ratio',
          must: 'be at least',
          limit: 3,
        },
        { contestant: 'threadmemo', metric: 'median', of: 'ratio', must: 'be at most', limit: 1.2 },
      ],
      measure,
    },
    {
      name: 'uneven',
      question: `${unevenCalls} calls of 1 to 9 ms, keys never repeat: ${callers} callers at a time, ${threads} threads`,
      baseline: 'piscina',
      metrics: [
        metric('wall', 'wall ms', { ratio: true }),
        metric('ofIdeal', 'of the best schedule', { digits: 3 }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'ofIdeal',
          of: 'value',
          must: 'be at most',
          limit: 1.03,
        },
      ],
      measure: measureUneven,
    },
  ],
  notShown: [
    'real functions, which take so long that these differences vanish',
    'arguments and values that are expensive to copy: here both are one number',
    'the ideal of `uneven` is nominal, as if the main thread ran on a core of its own',
    'eviction: every cache is large enough for all keys',
  ],
};
