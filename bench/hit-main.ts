/** What does it cost to read a cached value again on the main thread? */
import { isDeepStrictEqual } from 'node:util';
import { callees } from './contestants/on-main.ts';
import { timeHits, timeSyncHits } from './functions/hits.js';
import { type Kind, kinds, value } from './functions/plain.js';
import { metric, type Opened, type Sample, type Scenario } from './scenario.ts';

const msEach = 20;
const labels: Readonly<Record<Kind, string>> = {
  number: 'number',
  string: '100 characters',
  object: '20 fields',
  buffer: '64 KB Buffer',
};

async function measureKind({ call, readHere }: Opened, kind: Kind): Promise<number> {
  expectEqual(readHere === undefined ? await call('value', kind) : readHere(kind), kind);
  if (readHere !== undefined) return timeSyncHits(() => readHere(kind), msEach);
  return await timeHits(() => call('value', kind), msEach);
}

async function measure(opened: Opened): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const kind of kinds) sample[kind] = await measureKind(opened, kind);
  return sample;
}

/** A Buffer that crossed a thread may be a plain Uint8Array: the bytes are what counts. */
function expectEqual(answer: unknown, kind: Kind): void {
  const plain = (it: unknown) => (it instanceof Uint8Array ? Array.from(it) : it);
  if (!isDeepStrictEqual(plain(answer), plain(value(kind)))) {
    throw new Error(`answered another value for "${kind}"`);
  }
}

export const hitMain: Scenario<Opened> = {
  name: 'hit-main',
  field: callees,
  warmUps: 2,
  rounds: 9,
  parts: [
    {
      name: 'hit main',
      question: 'one cached value, read again and again on the main thread',
      baseline: 'lru-in-workers',
      metrics: kinds.map((kind) => metric(kind, `ns, ${labels[kind]}`, { ratio: true })),
      bars: [],
      measure,
    },
  ],
  notShown: [
    'what a miss costs, and who has to compute: an lru-cache answers only what its own thread has computed',
    'many different keys, where memory latency counts: it is always the same one',
    'that shared values (all but threadmemo with its defaults) can be changed under the others by any caller',
    'lru-in-workers reads without await and by its ready key: it is the floor, not a rival API',
  ],
};
