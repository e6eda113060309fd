/**
 * Who is asked for what a function awaits? Caches on the main thread, where the function runs too, and
 * threadmemo, which runs it in its threads.
 */
import { cacheEntries, cost1ms, wait20ms, wait100ms } from '../functions/plain.js';
import { type Closable, type Contestant, plainNode } from '../scenario.ts';

export type Wait = 'wait20ms' | 'wait100ms';

export interface IoCache extends Closable {
  wait(name: Wait, key: number): Promise<unknown>;
  /** A function that uses the processor for a millisecond. */
  compute(key: number): Promise<unknown>;
  /** One that waits 20 ms, of which ten may go on at a moment; see `functions/gauge.js`. */
  limited?(key: number): Promise<unknown>;
}

/** As those contestants run them. */
const functions = { wait20ms, wait100ms, cost1ms };

const cannot = {
  mixed: 'it computes on the main thread, which does nothing else meanwhile',
  limited: 'it has no limit of computations',
};

const pMemoizeHere: Contestant<IoCache> = {
  name: 'p-memoize',
  what: 'p-memoize and an lru-cache on the main thread, where the function runs',
  cannot,
  async open() {
    const { LRUCache } = await import('lru-cache');
    const { default: pMemoize } = await import('p-memoize');
    const memoized = (run: (key: number) => Promise<number>) =>
      pMemoize(run, { cache: new LRUCache<number, number>({ max: cacheEntries }) });
    const waits = { wait20ms: memoized(wait20ms), wait100ms: memoized(wait100ms) };
    return {
      wait: (name, key) => waits[name](key),
      compute: memoized(async (key) => cost1ms(key)),
      close: async () => {},
    };
  },
};

const bentocacheHere: Contestant<IoCache> = {
  name: 'bentocache',
  what: 'bentocache on the main thread, memory driver, serialize: false',
  cannot,
  async open() {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const driver = memoryDriver({ maxItems: cacheEntries, serialize: false });
    const stores = { memory: bentostore().useL1Layer(driver) };
    const cache = new BentoCache({ default: 'memory', ttl: '1h', stores });
    const ask = (name: Wait | 'cost1ms', key: number) =>
      cache.getOrSet({ key: `${name}:${key}`, factory: () => functions[name](key) });
    return {
      wait: ask,
      compute: (key) => ask('cost1ms', key),
      close: () => cache.disconnectAll(),
    };
  },
};

const asyncCacheDedupeHere: Contestant<IoCache> = {
  name: 'async-cache-dedupe',
  what: 'async-cache-dedupe on the main thread, memory storage',
  cannot,
  async open() {
    const { createCache } = await import('async-cache-dedupe');
    const storage = { type: 'memory', options: { size: cacheEntries } } as const;
    const cache = createCache({ ttl: 3600, storage });
    const defined = (name: Wait | 'cost1ms') =>
      cache.define(name, { storage }, async (key: number) => functions[name](key))[name];
    const waits = { wait20ms: defined('wait20ms'), wait100ms: defined('wait100ms') };
    return {
      wait: (name, key) => waits[name](key),
      compute: defined('cost1ms'),
      close: async () => {},
    };
  },
};

function threadmemoOn(thread: 'pool' | 'caller' | 'main'): Contestant<IoCache> {
  const isDefault = thread === 'pool';
  return {
    name: isDefault ? 'threadmemo' : `threadmemo, ${thread}`,
    what: isDefault
      ? 'threadmemo, default options: the function runs in its threads'
      : `threadmemo, thread: '${thread}': what waits runs on the main thread, the callers' own here`,
    cannot: {},
    async open({ threads }) {
      const { createPool } = await import('../functions/threadmemo.js');
      const { places } = await import('../functions/placed.js');
      const { cost1ms } = await import('../functions/memoized.js');
      const pool = await createPool({ threads, worker: plainNode });
      return {
        wait: (name, key) => places[thread][name](key),
        compute: cost1ms,
        limited: places[thread].limited,
        close: () => pool.close(),
      };
    },
  };
}

export const ioCaches: readonly Contestant<IoCache>[] = [
  pMemoizeHere,
  bentocacheHere,
  asyncCacheDedupeHere,
  threadmemoOn('pool'),
  threadmemoOn('caller'),
  threadmemoOn('main'),
];
