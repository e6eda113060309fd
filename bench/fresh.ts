/**
 * What does a caller notice of a value that becomes old, and of an upstream that fails? One hot key is
 * called all the time: how long the calls take, how often it is computed, and how old answers are. And
 * what a stale hit costs beside a fresh one.
 */
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { nanosecondsEach, ordersFor } from './contestants/crews.ts';
import { type HotCache, hotCaches, type Readers } from './contestants/hot-caches.ts';
import type { KeyRange } from './functions/cached-values.js';
import {
  backoffMs,
  fleetMs,
  now,
  readTries,
  resetTries,
  setDown,
  ttlMs,
  upstreamMs,
} from './functions/upstream.js';
import { type Bar, metric, type Part, type Sample, type Scenario, threads } from './scenario.ts';

const callers = 64;
/** Milliseconds. */
const run = 10_000;
const before = 1_500;
const outage = 3_000;
const after = 2_000;
/** A call that takes so long has waited for a computation, or for a good part of one. */
const waited = upstreamMs / 2;

interface Seen {
  readonly latencies: ReturnType<typeof createHistogram>;
  errors: number;
  waited: number;
  /** Milliseconds since the oldest answer was made. */
  oldest: number;
  /** When the first answer came that was made after `awaited`. */
  newAt: number;
}

/** All callers, each with a macrotask between its calls, until a time. */
async function callUntil(cache: HotCache, key: number, end: number, awaited = 0): Promise<Seen> {
  const seen: Seen = {
    latencies: createHistogram(),
    ...{ errors: 0, waited: 0, oldest: 0, newAt: Number.NaN },
  };
  const caller = async () => {
    for (; now() < end; await turn()) await callOnce(cache, key, seen, awaited);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return seen;
}

async function callOnce(cache: HotCache, key: number, seen: Seen, awaited: number): Promise<void> {
  const start = performance.now();
  const made = await cache.call(key).catch(() => undefined);
  const took = performance.now() - start;
  seen.latencies.record(Math.max(1, Math.round(took * 1e6)));
  if (took >= waited) seen.waited++;
  if (made === undefined) return void seen.errors++;
  const at = now();
  seen.oldest = Math.max(seen.oldest, at - made);
  if (made > awaited && Number.isNaN(seen.newAt)) seen.newAt = at;
}

/** No other part or round has it. */
let lastKey = 0;

async function measure(cache: HotCache): Promise<Sample> {
  const key = ++lastKey;
  const [misses, waits] = cache.missesAndWaits?.() ?? [];
  resetTries();
  await cache.call(key);
  const seen = await callUntil(cache, key, now() + run);
  const [missesThen, waitsThen] = cache.missesAndWaits?.() ?? [];
  return {
    p50: seen.latencies.percentile(50) / 1e3,
    tail: seen.latencies.percentile(99.9) / 1e6,
    slowest: seen.latencies.max / 1e6,
    computations: readTries().count,
    oldest: seen.oldest,
    waited: seen.waited,
    misses: (missesThen ?? Number.NaN) - (misses ?? 0),
    waits: (waitsThen ?? Number.NaN) - (waits ?? 0),
  };
}

async function measureFailing(cache: HotCache): Promise<Sample> {
  await failOnce(cache);
  const key = ++lastKey;
  resetTries();
  await cache.call(key);
  const downAt = now() + before;
  const upAt = downAt + outage;
  const calls = callUntil(cache, key, upAt + after, upAt);
  await sleep(before);
  setDown(true);
  await sleep(upAt - now());
  setDown(false);
  const { errors, oldest, newAt } = await calls;
  const tries = readTries().began.filter((at) => at >= downAt && at < upAt);
  return { errors, tries: tries.length, most: mostInASecond(tries), again: newAt - upAt, oldest };
}

/** With the first error of a process tsx reads all source maps, for half a second. */
async function failOnce(cache: HotCache): Promise<void> {
  setDown(true);
  await cache.call(++lastKey).catch(() => {});
  setDown(false);
}

function mostInASecond(times: readonly number[]): number {
  let most = 0;
  let first = 0;
  for (const [at, time] of times.entries()) {
    while ((times[first] ?? time) <= time - 1_000) first++;
    most = Math.max(most, at - first + 1);
  }
  return most;
}

const fleetRun = 30_000;

/** All processes together. */
async function measureFleet({ members = [] }: HotCache): Promise<Sample> {
  const key = ++lastKey;
  const end = now() + fleetRun;
  const found = await Promise.all(members.map((member) => member.ask('becomeOld', key, end)));
  return {
    computations: found.reduce((sum, { computations }) => sum + computations, 0),
    oldest: Math.max(...found.map(({ oldest }) => oldest)),
    pause: Math.max(...found.map(({ pause }) => pause)),
  };
}

const times = 15;
/** Short enough to have a core for all of it, once in some times, on a machine that does more. */
const msOfHits = 2;
/** What they read, and how many. */
const reads = [
  { kind: 'near', job: 'readAgain', count: 16 },
  { kind: 'shared', job: 'readOnce', count: 500 },
] as const;

/** The fastest of several times, which take turns: what else the machine does is no part of a hit. */
async function measureHits({ readers }: HotCache, round: number): Promise<Sample> {
  if (readers === undefined) throw new Error('it has no readers');
  const sample: Record<string, number> = {};
  for (const { kind, job, count } of reads) {
    const fastest = { fresh: Number.POSITIVE_INFINITY, stale: Number.POSITIVE_INFINITY };
    for (let nth = 0; nth < times; nth++) {
      for (const are of ['fresh', 'stale'] as const) {
        const label = `${kind} ${are} ${round} ${nth}`;
        const ns = await hit(readers, job, { kind: 'string', label, count }, are);
        fastest[are] = Math.min(fastest[are], ns);
      }
    }
    sample[`${kind} fresh`] = fastest.fresh;
    sample[`${kind} stale`] = fastest.stale;
    sample[`${kind} ratio`] = fastest.stale / fastest.fresh;
  }
  setDown(false);
  return sample;
}

/** Nanoseconds, by one worker. */
async function hit(
  readers: Readers,
  job: (typeof reads)[number]['job'],
  keys: KeyRange,
  are: 'fresh' | 'stale',
): Promise<number> {
  await readers.fill([keys], are);
  return nanosecondsEach(await readers.run(job, ordersFor(1, { keys, ms: msOfHits })));
}

const bar = (
  metric: string,
  limit: number,
  must: Bar['must'] = 'be at most',
  contestant = 'threadmemo',
): Bar => ({ contestant, metric, of: 'value', must, limit });

const parts: readonly Part<HotCache>[] = [
  {
    name: 'fresh',
    question: `a hot key of a function that waits ${upstreamMs} ms, ttl ${ttlMs} ms, ${callers} callers with a macrotask between calls, ${run / 1_000} s`,
    metrics: [
      metric('p50', 'p50 µs', { digits: 1 }),
      metric('tail', 'p99.9 ms', { digits: 2, over: 'max' }),
      metric('slowest', 'slowest ms', { digits: 1, over: 'max' }),
      metric('computations', 'computations'),
      metric('oldest', 'oldest answer, ms', { over: 'max' }),
      metric('waited', 'calls that waited', { over: 'max' }),
      metric('misses', 'misses', { over: 'max' }),
      metric('waits', 'waits', { over: 'max' }),
    ],
    bars: [
      bar('misses', 1),
      bar('waits', 0),
      bar('waited', 0),
      bar('tail', 5),
      bar('computations', 8, 'be at least'),
      bar('computations', 10),
      bar('oldest', ttlMs + 2 * upstreamMs),
    ],
    measure,
  },
  {
    name: 'fresh failing',
    question: `the same, with an upstream that fails at once for ${outage / 1_000} s; errorBackoff ${backoffMs} ms`,
    metrics: [
      metric('errors', 'errors', { over: 'max' }),
      metric('tries', 'tries while it is down', { over: 'max' }),
      metric('most', 'most in a second', { over: 'max' }),
      metric('again', 'ms until an answer is new', { over: 'max' }),
      metric('oldest', 'oldest answer, ms', { over: 'max' }),
    ],
    bars: [bar('errors', 0), bar('most', 2), bar('again', 1_000)],
    measure: measureFailing,
  },
  {
    name: 'fresh fleet',
    question: `a key of a function that waits ${fleetMs} ms, ttl ${ttlMs} ms, called each 10 ms by every process of a fleet, ${fleetRun / 1_000} s`,
    metrics: [
      metric('computations', 'computations, all together', { over: 'max' }),
      metric('oldest', 'oldest answer, ms', { over: 'max' }),
      metric('pause', 'longest between two answers', { over: 'max' }),
    ],
    bars: [
      bar('computations', 24, 'be at least', 'threadmemo-fleet'),
      bar('computations', 31, 'be at most', 'threadmemo-fleet'),
      bar('oldest', ttlMs + 2 * fleetMs, 'be at most', 'threadmemo-fleet'),
    ],
    measure: measureFleet,
  },
  {
    name: 'fresh hit',
    question: `a hit of 100 characters in one worker of ${threads}, fresh, and stale with no refresh due; the fastest of ${times} each, in turn`,
    metrics: reads.flatMap(({ kind }) => [
      metric(`${kind} fresh`, `ns, ${kind}, fresh`),
      metric(`${kind} stale`, 'stale'),
      metric(`${kind} ratio`, 'ratio', { digits: 2 }),
    ]),
    bars: reads.map(({ kind }) => bar(`${kind} ratio`, 1.2)),
    measure: measureHits,
  },
];

export const fresh: Scenario<HotCache> = {
  name: 'fresh',
  field: hotCaches,
  warmUps: 0,
  rounds: 3,
  parts,
  notShown: [
    'the age is counted from when a value was made; its computation had begun some 200 ms before',
    'a function that computes: on the main thread it would keep all callers from their answers',
    'misses and waits of the others, which do not count them',
    'a fleet of more processors: on a busy machine each step of a refresh waits for its turn, as the longest pause shows',
    'the one message a refresh, which the first stale hit sends: what is measured are those after it',
  ],
};
