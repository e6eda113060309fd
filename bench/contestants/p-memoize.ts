/** p-memoize with an lru-cache on the main thread, in front of Piscina. It deduplicates by itself. */
import { LRUCache } from 'lru-cache';
import pMemoize from 'p-memoize';
import { cacheEntries } from '../functions/limits.js';
import type { Arguments, Contestant, FunctionName, Opened } from './contestant.ts';
import { openPiscina } from './piscina.ts';

export const contestant: Contestant<Opened> = {
  name: 'p-memoize',
  what: 'Piscina behind p-memoize and an lru-cache on the main thread; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const pool = openPiscina(setup);
    const memoized = <Name extends FunctionName>(name: Name) => {
      const cache = new LRUCache<Arguments[Name], object>({ max: cacheEntries });
      const run = (argument: Arguments[Name]) => pool.call(name, argument) as Promise<object>;
      return pMemoize(run, { cache });
    };
    const functions = {
      addOne: memoized('addOne'),
      cost2ms: memoized('cost2ms'),
      cost20ms: memoized('cost20ms'),
      value: memoized('value'),
      uneven: memoized('uneven'),
    } as Record<FunctionName, (argument: unknown) => Promise<unknown>>;
    return { call: (name, argument) => functions[name](argument), close: pool.close };
  },
};
