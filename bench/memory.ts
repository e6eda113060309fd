/** What does an entry take beyond its key and its value? Short keys, values of 100 characters. */
import { type Keeper, keepers } from './contestants/keepers.ts';
import { type CachedKind, keysOf, valueFor } from './functions/cached-values.js';
import { metric, type Sample, type Scenario } from './scenario.ts';

const entries = 20_000;
const kind: CachedKind = 'string';

async function measure(keeper: Keeper, round: number): Promise<Sample> {
  const keys = keysOf({ kind, label: `${round}`, count: entries });
  // One byte a character, as every cache here keeps them.
  const payload = keys.reduce((sum, key) => sum + key.length + String(valueFor(key)).length, 0);
  const { total, bookkeeping = total - payload } = await keeper.hold(keys);
  return {
    total: total / entries,
    payload: payload / entries,
    beyond: (total - payload) / entries,
    bookkeeping: bookkeeping / entries,
  };
}

export const memory: Scenario<Keeper> = {
  name: 'memory',
  field: keepers,
  warmUps: 1,
  rounds: 3,
  parts: [
    {
      name: 'memory',
      question: `${entries.toLocaleString('en')} entries with values of 100 characters, bytes an entry`,
      metrics: [
        metric('total', 'all'),
        metric('payload', 'key and value'),
        metric('beyond', 'beyond', { digits: 1 }),
        metric('bookkeeping', 'bookkeeping', { digits: 1 }),
      ],
      bars: [
        {
          contestant: 'threadmemo',
          metric: 'bookkeeping',
          of: 'value',
          must: 'be at most',
          limit: 64,
        },
      ],
      measure,
    },
  ],
  notShown: [
    "that a Map or an lru-cache takes this once in every thread, threadmemo's memory once for all",
    "what threadmemo keeps on the coordinator's heap for the order of eviction, and in near caches",
    'bookkeeping: of threadmemo its own account, without what is free or dead; of the others all that is beyond',
  ],
};
