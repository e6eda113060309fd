/**
 * What do several processes gain from one Redis? They want the same keys at once, hit what they have
 * in memory, wait for each other, and go on when Redis does not answer.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, fleets, type Member, processes } from './contestants/fleets.ts';
import { stampedeCost } from './functions/plain.js';
import { mean, median } from './measuring.ts';
import { type Bar, metric, type Part, type Sample, type Scenario } from './scenario.ts';

const keys = 50;
const msOfHits = 100;
const handovers = 30;
/** Milliseconds, as in `processes/member.ts`. */
const rest = 10;
/** Milliseconds. */
const outage = { after: 500, lasts: 1500 };
/** Keys of other parts are below it. */
const outageKeys = 100_000;
/** Round number to keys that no other round has. */
const firstKey = (round: number) => round * keys;

async function stampede({ members }: Fleet, round: number): Promise<Sample> {
  const from = firstKey(round);
  const start = performance.now();
  const computed = await Promise.all(members.map((it) => it.ask('stampede', from, from + keys)));
  const wall = performance.now() - start;
  return { wall, computations: computed.reduce((sum, count) => sum + count, 0) };
}

async function hits({ members }: Fleet, round: number): Promise<Sample> {
  const times: number[] = [];
  // One process after the other: what is measured is not how they share the processors.
  for (const member of members) times.push(await member.ask('hits', firstKey(round), msOfHits));
  return { ns: mean(times) };
}

async function handOver({ members }: Fleet, round: number): Promise<Sample> {
  const [holder, waiter] = members as [Member, Member];
  const sinceBegun: number[] = [];
  const sinceStored: number[] = [];
  const trips: number[] = [];
  for (let n = 0; n < handovers; n++) {
    const key = `f(${round}, ${n})`;
    await holder.ask('hold', key);
    await waiter.ask('waitFor', key);
    await sleep(rest);
    const { begun, ended } = await holder.ask('store');
    const had = (await waiter.ask('found')) as number;
    sinceBegun.push(had - begun);
    sinceStored.push(had - ended);
    trips.push(await waiter.ask('ping'));
  }
  const trip = median(trips);
  return {
    trip: trip / 1000,
    begun: median(sinceBegun) / trip,
    stored: median(sinceStored) / trip,
  };
}

async function goAway({ members, proxy }: Fleet, round: number): Promise<Sample> {
  if (!proxy) throw new Error('there is no proxy before Redis');
  const from = outageKeys + round * 1000;
  const begin = Date.now() + outage.after;
  const end = begin + outage.lasts;
  const asked = members.map((member) => member.ask('outage', from, begin, end));
  await sleep(outage.after);
  // Packets are lost from now on, in both directions, and connections stay.
  proxy.weather = 'black hole';
  await sleep(end - Date.now());
  proxy.weather = 'fine';
  const found = await Promise.all(asked);
  return {
    longest: Math.max(...found.map(({ longest }) => longest)),
    again: Math.max(...found.map(({ again }) => again)),
    back: Math.max(...found.map(({ back }) => back)),
  };
}

const ours = (metric: string, limit: number, of: Bar['of'] = 'value', to?: string): Bar => ({
  contestant: 'threadmemo',
  metric,
  of,
  ...(to !== undefined && { to }),
  must: 'be at most',
  limit,
});

const parts: readonly Part<Fleet>[] = [
  {
    name: 'fleet stampede',
    question: `${keys} new keys of ${stampedeCost} ms, all asked for at once by each of ${processes} processes with a thread each`,
    baseline: 'async-cache-dedupe',
    metrics: [
      metric('computations', 'computations', { ratio: true }),
      metric('wall', 'wall ms', { ratio: true }),
    ],
    bars: [ours('computations', keys)],
    measure: stampede,
  },
  {
    name: 'fleet hits',
    question: 'one cached value, read again and again on the main thread of a process',
    baseline: 'threadmemo-alone',
    metrics: [metric('ns', 'ns a hit', { ratio: true })],
    bars: [
      ours('ns', 1.1, 'ratio'),
      ...['async-cache-dedupe', 'bentocache', 'layered-loader'].map((other) =>
        ours('ns', 1, 'ratio', other),
      ),
    ],
    measure: hits,
  },
  {
    name: 'fleet handover',
    question: `a process waits for what another one stores, and has it so many round trips later; ${handovers} times`,
    metrics: [
      metric('trip', 'us a round trip (PING, after the same rest)'),
      metric('begun', 'after the other has sent it', { digits: 2 }),
      metric('stored', 'after the other knew that it is stored', { digits: 2 }),
    ],
    bars: [ours('stored', 3)],
    measure: handOver,
  },
  {
    name: 'fleet outage',
    question: `all that is sent to Redis and by it is lost for ${outage.lasts} ms, while all processes want one new key of ${stampedeCost} ms after the other, the same ones`,
    metrics: [
      metric('longest', 'ms beyond the computation, longest call', { over: 'max' }),
      metric('again', 'the same, for what was under way when it went', { over: 'max' }),
      metric('back', 'ms until all use it again', { over: 'max' }),
    ],
    bars: [ours('longest', 300), ours('again', 300), ours('back', 5000)].map((bar) => ({
      ...bar,
      contestant: 'threadmemo-cut-off',
    })),
    measure: goAway,
  },
];

export const fleet: Scenario<Fleet> = {
  name: 'fleet',
  field: fleets,
  warmUps: 2,
  rounds: 5,
  parts,
  notShown: [
    'a network: Redis is on this machine, and takes its share of the processors',
    'that async-cache-dedupe asks Redis for every hit; the others have it in memory',
    'processes that are killed or stopped: the tests do that',
  ],
};
