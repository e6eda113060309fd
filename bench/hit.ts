/**
 * What does a hit cost inside a worker? A *near* hit is of a key that this thread has read before, a
 * *shared* one of a key that it reads for the first time, and that another has computed. With one
 * worker that reads, and with two.
 */
import { type Crew, nanosecondsEach, ordersFor } from './contestants/crews.ts';
import { crewsCalled } from './contestants/in-workers.ts';
import { type CachedKind, cachedKinds, type KeyRange } from './functions/cached-values.js';
import type { JobName } from './functions/jobs.js';
import { type Bar, metric, type Part, type Sample, type Scenario } from './scenario.ts';

const msEach = 30;
const nearKeys = 16;
/** Enough for a measurement, and few enough of the large ones. */
const sharedKeys: Readonly<Record<CachedKind, number>> = {
  string: 3_000,
  small: 1_000,
  fields: 1_000,
  bytes: 40,
};
const labels: Readonly<Record<CachedKind, string>> = {
  string: '100 characters',
  small: '3 fields',
  fields: '20 fields',
  bytes: '64 KB',
};

interface Kind {
  readonly name: 'near' | 'shared';
  readonly question: string;
  readonly job: Extract<JobName, 'readAgain' | 'readOnce'>;
  count(kind: CachedKind): number;
}

const near: Kind = {
  name: 'near',
  question: `${nearKeys} keys, read again and again`,
  job: 'readAgain',
  count: () => nearKeys,
};

const shared: Kind = {
  name: 'shared',
  question: 'keys that this thread has not read before, each read once',
  job: 'readOnce',
  count: (kind) => sharedKeys[kind],
};

function part({ name, question, job, count }: Kind, crowd: number, bars: readonly Bar[]) {
  const readers = crowd === 1 ? '1 worker' : `${crowd} workers at the same time`;
  return {
    name: `${name}, ${crowd === 1 ? '1 worker' : `${crowd} workers`}`,
    question: `${question}, by ${readers}`,
    baseline: 'map',
    metrics: cachedKinds.map((kind) => metric(kind, `ns, ${labels[kind]}`, { ratio: true })),
    bars,
    async measure(crew: Crew, round: number): Promise<Sample> {
      const label = `${name} ${crowd} ${round}`;
      const ranges = cachedKinds.map((kind): KeyRange => ({ kind, label, count: count(kind) }));
      await crew.fill(ranges);
      const sample: Record<string, number> = {};
      for (const keys of ranges) {
        const reports = await crew.run(job, ordersFor(crowd, { keys, ms: msEach }));
        sample[keys.kind] = nanosecondsEach(reports);
      }
      return sample;
    },
  } satisfies Part<Crew>;
}

const atMost = (contestant: string, metric: string, limit: number, to?: string): Bar => ({
  contestant,
  metric,
  of: 'ratio',
  ...(to !== undefined && { to }),
  must: 'be at most',
  limit,
});

export const hit: Scenario<Crew> = {
  name: 'hit',
  field: crewsCalled(
    ...(['map', 'lru-cache', 'lmdb', 'port', 'redis'] as const),
    ...(['threadmemo', 'threadmemo-frozen', 'threadmemo-await'] as const),
  ),
  warmUps: 1,
  rounds: 5,
  parts: [
    part(near, 1, [
      atMost('threadmemo', 'string', 2.5),
      atMost('threadmemo', 'string', 1, 'lru-cache'),
      atMost('threadmemo-frozen', 'fields', 2.5),
      atMost('threadmemo-frozen', 'fields', 1, 'lru-cache'),
    ]),
    part(near, 2, []),
    part(shared, 1, [
      atMost('threadmemo', 'string', 12),
      atMost('threadmemo', 'string', 1 / 5, 'lmdb'),
      atMost('threadmemo', 'string', 1 / 250, 'redis'),
      atMost('threadmemo', 'string', 1 / 150, 'port'),
    ]),
    part(shared, 2, []),
  ],
  notShown: [
    'making keys: all are strings in one piece whose hashes are known, and map and lru-cache find them by identity',
    'what a miss costs, and who has to compute: map and lru-cache answer only what their own thread has put there',
    'that the values of map and lru-cache, and frozen ones, are one object for all who read them; of the others each read makes a new one',
    'large caches, where memory latency counts: see scale',
  ],
};
