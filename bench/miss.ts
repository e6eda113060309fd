/**
 * What does it cost to find nothing? A trivial function, every key asked once: all that is measured
 * is the way to a worker and back, and what a contestant adds to it.
 */
import { performance } from 'node:perf_hooks';
import { expectAnswer, runCallers } from './callers.ts';
import type { Opened } from './contestants/contestant.ts';
import { mean, median } from './median.ts';
import { metric, type Sample, type Scenario } from './scenario.ts';

const callers = 64;
const concurrentCalls = 6_000;
const sequentialCalls = 800;

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

function* numbers(first: number, count: number): Generator<number> {
  for (let n = first; n < first + count; n++) yield n;
}

export const miss: Scenario = {
  name: 'miss',
  warmUps: 2,
  rounds: 9,
  parts: [
    {
      name: 'miss',
      question: `n => n + 1, keys never repeat: ${callers} callers at a time, then one at a time`,
      baseline: 'piscina',
      metrics: [
        metric('throughput', `calls/s, ${callers} callers`, { ratio: true }),
        metric('median', 'median µs, one caller', { digits: 1, ratio: true }),
        metric('mean', 'mean µs, one caller', { digits: 1, ratio: true }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'throughput',
          of: 'ratio',
          must: 'be at least',
          limit: 0.9,
        },
        { contestant: 'threadmemo', metric: 'median', of: 'ratio', must: 'be at most', limit: 1.3 },
      ],
      measure,
    },
  ],
  notShown: [
    'real functions, which take so long that these differences vanish',
    'arguments and values that are expensive to copy: here both are one number',
    'eviction: every cache is large enough for all keys',
  ],
};
