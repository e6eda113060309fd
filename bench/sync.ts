/**
 * Do two threads solve a recursive problem faster than one, when they share the sub-problems? Each
 * thread counts the partitions of a number of its own, with `f.sync()` for every sub-problem; nearly
 * all of the sub-problems are the same.
 */
import { type Crew, doneBy, wallOf } from './contestants/crews.ts';
import { crewsCalled } from './contestants/in-workers.ts';
import { resetCounts, tally } from './functions/shared.js';
import { type Bar, metric, type Sample, type Scenario } from './scenario.ts';

const numbers = [101, 100] as const;
/** The partitions of 101 and of 100. */
const expected = 214_481_126 + 190_569_292;
/** Microseconds. */
const costs = [5, 20, 100] as const;

async function solve(crew: Crew, cost: number): Promise<Sample> {
  await crew.fill([]);
  resetCounts();
  const crowd = crew.workers;
  const shares = Array.from({ length: crowd }, (_, i) => numbers.filter((_, j) => j % crowd === i));
  const reports = await crew.run(
    'solve',
    shares.map((share) => ({ crowd, numbers: share, cost })),
  );
  if (doneBy(reports) !== expected) throw new Error(`counted ${doneBy(reports)} partitions`);
  return { [`wall${cost}`]: wallOf(reports), [`duplicates${cost}`]: tally().duplicates };
}

async function measure(crew: Crew): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const cost of costs) Object.assign(sample, await solve(crew, cost));
  return sample;
}

const fasterThanOne = (cost: number): Bar => ({
  contestant: 'threadmemo',
  metric: `wall${cost}`,
  of: 'ratio',
  must: 'be at most',
  limit: 1,
});

export const sync: Scenario<Crew> = {
  name: 'sync',
  field: crewsCalled('map-one-thread', 'map', 'threadmemo'),
  warmUps: 2,
  rounds: 9,
  parts: [
    {
      name: 'sync',
      question: `the partitions of ${numbers.join(' and ')}, one number a thread; sub-problems of ${costs.join(', ')} µs`,
      baseline: 'map-one-thread',
      metrics: costs.flatMap((cost) => [
        metric(`wall${cost}`, `wall ms, ${cost} µs`, { digits: 1, ratio: true }),
        metric(`duplicates${cost}`, 'duplicates, worst round', { over: 'max' }),
      ]),
      bars: [fasterThanOne(20), fasterThanOne(100)],
      measure,
    },
  ],
  notShown: [
    'problems whose sub-problems are a chain: no number of threads helps there',
    'under the wall clock (Node before 23.9) a thread that loses its core still computes',
  ],
};
