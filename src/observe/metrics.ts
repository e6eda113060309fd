/** Which metrics there are: names, words, and where their samples come from. */

import { type Histogram, LIMITS_S, sumOf } from '../order/histogram.ts';
import type { FunctionReading, Readings } from '../pool/readings.ts';

export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
}

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What OpenTelemetry calls it. */
  readonly instrument: string;
  /** As OpenTelemetry writes units. */
  readonly unit: string;
  read(from: Readings): Iterable<Sample>;
}

/** Where hits are found. */
const TIERS = ['near', 'shared', 'memory', 'tiers'] as const;

export const METRICS: readonly MetricDefinition[] = [
  {
    name: 'threadmemo_requests_total',
    help: 'Calls by result: hit or stale hit (tier says where), miss, wait for a computation under way, or cached error.',
    type: 'counter',
    instrument: 'threadmemo.requests',
    unit: '{call}',
    read: (from) => ofFunctions(from, requestsOf),
  },
  {
    name: 'threadmemo_computations_total',
    help: 'Computations that have ended: with a value, an error, cancelled, or lost with their thread.',
    type: 'counter',
    instrument: 'threadmemo.computations',
    unit: '{computation}',
    read: (from) =>
      ofFunctions(from, ({ completed, stats: { errors, cancelled, lost } }) => [
        { value: completed, labels: { outcome: 'value' } },
        { value: errors, labels: { outcome: 'error' } },
        { value: cancelled, labels: { outcome: 'cancelled' } },
        { value: lost, labels: { outcome: 'lost' } },
      ]),
  },
  {
    name: 'threadmemo_compute_seconds',
    help: 'What computations took, without waits for nested memoized calls.',
    type: 'histogram',
    instrument: 'threadmemo.compute.duration',
    unit: 's',
    read: ({ functions }) => bucketsOf(sumOf(functions.map(({ times }) => times))),
  },
  {
    name: 'threadmemo_compute_saved_seconds_total',
    help: 'Computing time that hits and waits did without.',
    type: 'counter',
    instrument: 'threadmemo.compute.saved',
    unit: 's',
    read: (from) => eachFunction(from, ({ stats }) => stats.computeMsSaved / 1000),
  },
  {
    name: 'threadmemo_entries',
    help: 'Entries in memory.',
    type: 'gauge',
    instrument: 'threadmemo.entries',
    unit: '{entry}',
    read: (from) => eachFunction(from, ({ stats }) => stats.entries),
  },
  {
    name: 'threadmemo_bytes',
    help: 'Bytes that the entries in memory take: keys, values and bookkeeping.',
    type: 'gauge',
    instrument: 'threadmemo.bytes',
    unit: 'By',
    read: (from) => eachFunction(from, ({ stats }) => stats.bytes),
  },
  {
    name: 'threadmemo_evictions_total',
    help: 'Entries removed to make room, by the limit: max of the function, pool_max, or max_size.',
    type: 'counter',
    instrument: 'threadmemo.evictions',
    unit: '{entry}',
    read: (from) =>
      ofFunctions(from, ({ evictedFor }) => [
        { value: evictedFor.max, labels: { reason: 'max' } },
        { value: evictedFor['pool max'], labels: { reason: 'pool_max' } },
        { value: evictedFor.maxSize, labels: { reason: 'max_size' } },
      ]),
  },
  {
    name: 'threadmemo_pool_threads',
    help: 'Worker threads by what they do: busy, awaiting, blocked, or idle.',
    type: 'gauge',
    instrument: 'threadmemo.pool.threads',
    unit: '{thread}',
    read: ({ threads }) =>
      Object.entries(threads).map(([state, value]) => ({ value, labels: { state } })),
  },
  {
    name: 'threadmemo_pool_pending_requests',
    help: 'Computations that wait for a thread, or for a slot of their function.',
    type: 'gauge',
    instrument: 'threadmemo.pool.pending_requests',
    unit: '{computation}',
    read: ({ queued }) => [{ value: queued, labels: {} }],
  },
  {
    name: 'threadmemo_pool_wait_seconds',
    help: 'What computations waited in the queue until a thread took them.',
    type: 'histogram',
    instrument: 'threadmemo.pool.wait.duration',
    unit: 's',
    read: ({ waits }) => bucketsOf(waits),
  },
  {
    name: 'threadmemo_tier_errors_total',
    help: 'Operations of the tier that have failed, or were too late.',
    type: 'counter',
    instrument: 'threadmemo.tier.errors',
    unit: '{operation}',
    read: ({ tiers }) =>
      tiers.map(({ name, failures }) => ({ value: failures, labels: { tier: name } })),
  },
  {
    name: 'threadmemo_tier_up',
    help: 'Whether the tier can be used, as far as is known.',
    type: 'gauge',
    instrument: 'threadmemo.tier.up',
    unit: '1',
    read: ({ tiers }) =>
      tiers.map(({ name, up }) => ({ value: up ? 1 : 0, labels: { tier: name } })),
  },
];

/** Each call is in one of them. Those that the function's options rule out are left out. */
function requestsOf({ info, stats, staleIn }: FunctionReading): Sample[] {
  const { hitsIn, misses, waits, errorHits } = stats;
  const samples: Sample[] = [];
  for (const tier of TIERS)
    samples.push({ value: hitsIn[tier] - staleIn[tier], labels: { result: 'hit', tier } });
  if (info.freshness && info.freshness.staleWhileRevalidate > 0)
    for (const tier of TIERS)
      samples.push({ value: staleIn[tier], labels: { result: 'stale', tier } });
  samples.push({ value: misses, labels: { result: 'miss', tier: '' } });
  samples.push({ value: waits, labels: { result: 'wait', tier: '' } });
  if (info.cachesErrors) samples.push({ value: errorHits, labels: { result: 'error', tier: '' } });
  return samples;
}

function* ofFunctions(
  { functions }: Readings,
  read: (from: FunctionReading) => readonly Sample[],
): Iterable<Sample> {
  for (const each of functions)
    for (const { value, labels } of read(each))
      yield { value, labels: { function: each.info.id, ...labels } };
}

function* eachFunction(
  { functions }: Readings,
  read: (from: FunctionReading) => number,
): Iterable<Sample> {
  for (const each of functions) yield { value: read(each), labels: { function: each.info.id } };
}

function* bucketsOf({ counts, sum }: Histogram): Iterable<Sample> {
  let count = 0;
  for (const [at, le] of [...LIMITS_S, '+Inf'].entries()) {
    count += counts[at] as number;
    yield { value: count, labels: { le }, suffix: '_bucket' };
  }
  yield { value: sum, labels: {}, suffix: '_sum' };
  yield { value: count, labels: {}, suffix: '_count' };
}
