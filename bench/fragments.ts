/**
 * What does one cache for all threads give a service that renders pages in workers? Each page is made
 * of fragments, few of which are popular. From cold, what counts is that no fragment is computed twice
 * and that no call waits; once all is warm, what a hit costs.
 */
import { performance } from 'node:perf_hooks';
import { type Crew, doneBy, ordersFor, wallOf } from './contestants/crews.ts';
import { crewsCalled } from './contestants/in-workers.ts';
import { fragmentCost } from './functions/plain.js';
import {
  fragmentsOfPages,
  fragmentsPerPage,
  pageCount,
  resetCounts,
  tally,
} from './functions/shared.js';
import { drawZipf, seed } from './measuring.ts';
import { metric, type Sample, type Scenario, threads } from './scenario.ts';

const fragmentCount = 5_000;
/** So that 4,000 pages want about 3,400 of the fragments. */
const exponent = 1.25;
const warmMs = 300;
const warmUps = 1;
/** Where nothing is kept, and in the round that warms up: the whole would take a minute. */
const fewPages = 100;

const draws = pageCount * fragmentsPerPage;
fragmentsOfPages.set(drawZipf({ keys: fragmentCount, exponent, draws, seed }));

async function measure(crew: Crew, round: number): Promise<Sample> {
  const pages = round < warmUps || crew.cachesNothing ? fewPages : pageCount;
  const label = `page/${round}`;
  resetCounts();
  const before = performance.eventLoopUtilization();
  const cold = await crew.run('renderAll', ordersFor(threads, { label, pages, ms: 0 }));
  const { utilization } = performance.eventLoopUtilization(before);
  const { computations, distinct, duplicates } = tally();
  const wanted = new Set(fragmentsOfPages.subarray(0, pages * fragmentsPerPage)).size;
  if (distinct !== wanted) throw new Error(`${distinct} of ${wanted} fragments were computed`);
  const ideal = (distinct * fragmentCost) / threads;
  const warm = await crew.run('renderFor', ordersFor(threads, { label, pages, ms: warmMs }));
  return {
    pages: doneBy(cold),
    cold: doneBy(cold) / (wallOf(cold) / 1_000),
    ofIdeal: wallOf(cold) / ideal,
    computations,
    duplicates,
    load: 100 * utilization,
    warm: doneBy(warm) / (wallOf(warm) / 1_000),
  };
}

const fragmentsEach = `${fragmentsPerPage} fragments of ${fragmentCost} ms each, out of ${fragmentCount.toLocaleString('en')}, Zipf ${exponent}`;

export const fragments: Scenario<Crew> = {
  name: 'fragments',
  field: crewsCalled(
    ...(['none', 'lru-cache', 'port', 'redis', 'redis-together'] as const),
    ...(['threadmemo', 'threadmemo-await', 'threadmemo-together'] as const),
  ),
  warmUps,
  rounds: 3,
  parts: [
    {
      name: 'fragments',
      question: `${pageCount.toLocaleString('en')} pages from cold in ${threads} workers, ${fragmentsEach}; then the same pages, warm, for ${warmMs} ms`,
      metrics: [
        metric('pages', 'pages'),
        metric('cold', 'pages/s, cold', { better: 'high' }),
        metric('ofIdeal', 'of ideal', { digits: 3 }),
        metric('computations', 'computations'),
        metric('duplicates', 'duplicates, worst round', { over: 'max' }),
        metric('load', 'main thread %', { digits: 1 }),
        metric('warm', 'pages/s, warm', { better: 'high' }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'ofIdeal',
          of: 'value',
          must: 'be at most',
          limit: 1.1,
        },
        {
          contestant: 'threadmemo',
          metric: 'duplicates',
          of: 'value',
          must: 'be at most',
          limit: 0,
        },
        {
          contestant: 'threadmemo',
          metric: 'warm',
          of: 'ratio',
          to: 'redis',
          must: 'be at least',
          limit: 100,
        },
      ],
      measure,
    },
  ],
  notShown: [
    'how pages reach the workers: each worker takes the next number by itself, with every contestant',
    'the ideal is nominal: the distinct fragments of the pages x 1 ms / 2 threads, as if the main thread, and a Redis, ran on cores of their own',
    'under the wall clock (Node before 23.9) a worker that loses its core still computes: a contestant that keeps others busy looks better than it is',
    'eviction, expiry, and large fragments',
  ],
};
