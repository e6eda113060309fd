/** async-cache-dedupe with its memory storage, in front of Piscina. It deduplicates by itself. */
import { createCache } from 'async-cache-dedupe';
import { cacheEntries } from '../functions/limits.js';
import type { Contestant, FunctionName, Opened } from './contestant.ts';
import { openPiscina } from './piscina.ts';

export const contestant: Contestant<Opened> = {
  name: 'async-cache-dedupe',
  what: 'Piscina behind async-cache-dedupe, memory storage; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const pool = openPiscina(setup);
    const storage = { type: 'memory', options: { size: cacheEntries } } as const;
    const cache = createCache({ ttl: 3600, storage });
    // Each function gets a storage of its own, as with the other contestants.
    const defined = <Name extends FunctionName>(name: Name) =>
      cache.define(name, { storage }, (argument) => pool.call(name, argument))[name];
    const functions: Record<FunctionName, (argument: unknown) => Promise<unknown>> = {
      addOne: defined('addOne'),
      cost2ms: defined('cost2ms'),
      cost20ms: defined('cost20ms'),
      value: defined('value'),
      uneven: defined('uneven'),
    };
    return { call: (name, argument) => functions[name](argument), close: pool.close };
  },
};
