/**
 * What does the main thread pay for the hits of its workers, and do two workers hit twice as often as
 * one? A cache that workers read by themselves leaves the main thread alone.
 */
import { performance } from 'node:perf_hooks';
import { type Crew, doneBy, ordersFor, wallOf } from './contestants/crews.ts';
import { crewsCalled } from './contestants/in-workers.ts';
import type { KeyRange } from './functions/cached-values.js';
import { metric, type Sample, type Scenario } from './scenario.ts';

const msEach = 600;
const keyCount = 1_000;

async function hitFor(crew: Crew, keys: KeyRange, crowd: number) {
  const before = performance.eventLoopUtilization();
  const reports = await crew.run('readAgain', ordersFor(crowd, { keys, ms: msEach }));
  const { utilization } = performance.eventLoopUtilization(before);
  return { hits: doneBy(reports) / (wallOf(reports) / 1_000), load: 100 * utilization };
}

async function measure(crew: Crew, round: number): Promise<Sample> {
  // Read from the shared memory, and made anew, each time: threadmemo's dearer sort of hit.
  const keys: KeyRange = { kind: 'small', label: `load ${round}`, count: keyCount };
  await crew.fill([keys]);
  const one = await hitFor(crew, keys, 1);
  const two = await hitFor(crew, keys, 2);
  return {
    hits1: one.hits,
    hits2: two.hits,
    scaling: two.hits / one.hits,
    load1: one.load,
    load2: two.load,
  };
}

export const mainLoad: Scenario<Crew> = {
  name: 'main-load',
  field: crewsCalled(
    'map',
    'lru-cache',
    'lmdb',
    'port',
    'redis',
    'threadmemo',
    'threadmemo-frozen',
  ),
  warmUps: 1,
  rounds: 5,
  parts: [
    {
      name: 'main-load',
      question: `hits of ${keyCount.toLocaleString('en')} keys with 3 fields each, for ${msEach} ms, by one worker and by two`,
      metrics: [
        metric('hits1', 'hits/s, 1 worker', { better: 'high' }),
        metric('hits2', 'hits/s, 2 workers', { better: 'high' }),
        metric('scaling', '2 workers to 1', { digits: 2, better: 'high' }),
        metric('load1', 'main thread %, 1 worker', { digits: 2 }),
        metric('load2', 'main thread %, 2 workers', { digits: 2 }),
      ],
      bars: (['threadmemo', 'threadmemo-frozen'] as const).flatMap((contestant) => [
        { contestant, metric: 'scaling', of: 'value', must: 'be at least', limit: 1.9 },
        { contestant, metric: 'load1', of: 'value', must: 'be at most', limit: 2 },
        { contestant, metric: 'load2', of: 'value', must: 'be at most', limit: 2 },
      ]),
      measure,
    },
  ],
  notShown: [
    'on 2 cores two workers scale to 2 only when no other thread, not even the main one, wants a core; map shows what the machine gives',
    'the main thread is busy for the order and the report too, about a millisecond of each run',
    'the load that misses put on the main thread: see fragments',
  ],
};
