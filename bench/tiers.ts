/**
 * What does a tier add to a miss, and what does a hit in it cost? A trivial function with new keys, and
 * then the same keys in a new pool, whose memory is empty; called on the main thread, by some callers at
 * a time, and by a worker. The processor time is the main thread's alone, as the system counts it.
 */

import { type Layered, layered } from './contestants/layered.ts';
import { type Bar, metric, type Part, type Scenario } from './scenario.ts';

const crowds = [1, 64, 1_024] as const;
type Crowd = (typeof crowds)[number];

const question = (what: string) => `n => n + 1, ${what}; by one caller, by 64 and by 1,024`;
const noTier = { none: 'it has no tier' } as const;

const metricsOf = (baseline: boolean) =>
  crowds.flatMap((crowd) => [
    metric(`wall${crowd}`, `wall µs, ${crowd.toLocaleString('en')}`, {
      digits: 1,
      ratio: baseline,
    }),
    metric(`cpu${crowd}`, `main CPU µs, ${crowd.toLocaleString('en')}`, { digits: 1 }),
  ]);

const atMost = (contestant: string, limit: number, callers: Crowd = 64): Bar => ({
  contestant,
  metric: `cpu${callers}`,
  of: 'value',
  must: 'be at most',
  limit,
});

const parts: readonly Part<Layered>[] = [
  {
    name: 'tiers miss',
    question: question('keys that never repeat'),
    baseline: 'none',
    metrics: metricsOf(true),
    bars: [atMost('none', 6), atMost('disk', 20), atMost('redis', 25)],
    measure: (opened, round) => opened.misses(crowds, round),
  },
  {
    name: 'tiers hit',
    question: question('keys that only the tier has, on the main thread'),
    metrics: metricsOf(false),
    bars: [atMost('redis', 10)],
    measure: (opened) => opened.hits(crowds, 'here'),
  },
  {
    name: 'tiers hit, worker',
    question: question('keys that only the tier has, in a worker'),
    metrics: metricsOf(false),
    bars: [atMost('disk', 1), atMost('redis', 10)],
    measure: (opened) => opened.hits(crowds, 'in a worker'),
  },
];

export const tiers: Scenario<Layered> = {
  name: 'tiers',
  field: layered(noTier.none),
  warmUps: 1,
  rounds: 5,
  parts,
  notShown: [
    'a network: the servers are on this machine, and take their share of the processors',
    'several processes: leases are asked for, and never held by another one',
    'large values',
    'where the system does not tell the processor time of a thread (other than Linux), the columns of CPU are not a number',
  ],
};
