/**
 * What happens when a thousand callers want the same new thing at once? It should be computed once,
 * and take little longer than that one computation.
 */
import { performance } from 'node:perf_hooks';
import { callees } from './contestants/on-main.ts';
import { stampedeCost } from './functions/plain.js';
import { resetCounts, tally } from './functions/shared.js';
import { expectAnswer } from './measuring.ts';
import { metric, type Opened, type Sample, type Scenario } from './scenario.ts';

const callers = 1_000;
const keys = 20;

async function measure(opened: Opened, round: number): Promise<Sample> {
  resetCounts();
  const start = performance.now();
  for (let key = round * keys; key < (round + 1) * keys; key++) {
    const length = opened.cachesNothing ? 1 : callers;
    const calls = Array.from({ length }, () => opened.call('cost20ms', key));
    for (const answer of await Promise.all(calls)) expectAnswer(answer, key + 1);
  }
  const wall = performance.now() - start;
  const { computations, distinct, duplicates } = tally();
  if (distinct !== keys) throw new Error(`${distinct} of ${keys} keys were computed`);
  return { wall, ofIdeal: wall / (keys * stampedeCost), computations, duplicates };
}

export const stampede: Scenario<Opened> = {
  name: 'stampede',
  field: callees,
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'stampede',
      question: `${callers} calls at once of one new key of ${stampedeCost} ms; ${keys} such keys, one after another`,
      baseline: 'piscina',
      metrics: [
        metric('wall', 'wall ms', { digits: 1, ratio: true }),
        metric('ofIdeal', `of ideal (${keys} x ${stampedeCost} ms)`, { digits: 3 }),
        metric('computations', 'computations'),
        metric('duplicates', 'duplicates, worst round', { over: 'max' }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'duplicates',
          of: 'value',
          must: 'be at most',
          limit: 0,
        },
      ],
      measure,
    },
  ],
  notShown: [
    'callers in several threads or processes: all thousand are on the main thread',
    'a computation that fails, or whose callers go away',
  ],
};
