/**
 * What does it cost to read a cached value again? On the main thread, and inside a worker, where a
 * memoized function calls another one.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Opened, PartName } from './contestants/contestant.ts';
import { timeHits, timeSyncHits } from './functions/hits.js';
import { type Kind, kinds, value } from './functions/plain.js';
import { metric, type Part, type Sample, type Scenario } from './scenario.ts';

const msEach = 20;
const labels: Readonly<Record<Kind, string>> = {
  number: 'number',
  string: '100 characters',
  object: '20 fields',
  buffer: '64 KB Buffer',
};

type Measure = (opened: Opened, kind: Kind, round: number) => Promise<unknown>;

const onMainThread: Measure = async (opened, kind) => {
  const { call, readHere } = opened;
  expectEqual(readHere === undefined ? await call('value', kind) : readHere(kind), kind);
  if (readHere !== undefined) return timeSyncHits(() => readHere(kind), msEach);
  return await timeHits(() => call('value', kind), msEach);
};

const inWorker: Measure = (opened, kind, round) =>
  opened.call('readAgain', { kind, ms: msEach, round });

/** A Buffer that crossed a thread may be a plain Uint8Array: the bytes are what counts. */
function expectEqual(answer: unknown, kind: Kind): void {
  const plain = (it: unknown) => (it instanceof Uint8Array ? Array.from(it) : it);
  if (!isDeepStrictEqual(plain(answer), plain(value(kind)))) {
    throw new Error(`answered another value for "${kind}"`);
  }
}

function part(name: PartName, question: string, measure: Measure): Part {
  return {
    name,
    question,
    baseline: 'lru-in-workers',
    metrics: kinds.map((kind) => metric(kind, `ns, ${labels[kind]}`, { ratio: true })),
    bars: [],
    async measure(opened, round): Promise<Sample> {
      const sample: Record<string, number> = {};
      for (const kind of kinds) {
        const ns = await measure(opened, kind, round);
        if (typeof ns !== 'number') throw new Error(`readAgain answered ${String(ns)}`);
        sample[kind] = ns;
      }
      return sample;
    },
  };
}

export const hit: Scenario = {
  name: 'hit',
  warmUps: 2,
  rounds: 9,
  parts: [
    part('hit main', 'one cached value, read again and again on the main thread', onMainThread),
    part('hit worker', 'the same inside a worker, by a function that runs there', inWorker),
  ],
  notShown: [
    'what a miss costs, and who has to compute: an lru-cache answers only what its own thread has computed',
    'many different keys, where memory latency counts: it is always the same one',
    'that shared values (all but threadmemo with its defaults) can be changed under the others by any caller',
    'lru-in-workers reads without await and by its ready key everywhere: it is the floor, not a rival API',
  ],
};
