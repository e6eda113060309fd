/** Who is called from the main thread? Caches on it, in front of Piscina, and threadmemo. */
import { cacheEntries } from '../functions/plain.js';
import {
  type Arguments,
  type Contestant,
  type FunctionName,
  type Opened,
  plainNode,
  type Setup,
} from '../scenario.ts';

/** Bare Piscina: what an uncached call costs. The yardstick wherever something is computed. */
const piscina: Contestant<Opened> = {
  name: 'piscina',
  what: 'Piscina alone; in `stampede` and `zipf` asked each key once, as by a perfect cache',
  cannot: { 'hit main': 'it caches nothing' },
  open: openPiscina,
};

/** The pool that every contestant but threadmemo stands in front of, with the settings of threadmemo's own. */
export async function openPiscina({ threads, functions }: Setup): Promise<Opened> {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    ...plainNode,
    filename: functions.href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    // As threadmemo sets it; it makes Piscina faster.
    recordTiming: false,
  });
  const byName = Object.fromEntries(
    ['addOne', 'cost2ms', 'cost20ms', 'uneven', 'value'].map((name) => [name, { name }]),
  ) as Record<FunctionName, { name: FunctionName }>;
  return {
    cachesNothing: true,
    call: (name, argument) => pool.run(argument, byName[name]),
    close: () => pool.destroy(),
  };
}

/** p-memoize with an lru-cache on the main thread, in front of Piscina. It deduplicates by itself. */
const pMemoizeOnMain: Contestant<Opened> = {
  name: 'p-memoize',
  what: 'Piscina behind p-memoize and an lru-cache on the main thread; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const { LRUCache } = await import('lru-cache');
    const { default: pMemoize } = await import('p-memoize');
    const pool = await openPiscina(setup);
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

/**
 * lru-cache in each worker: the fastest hit there is, as long as the thread that asks has computed
 * it itself. The yardstick of the scenario `hit-main`.
 */
const lruInWorkers: Contestant<Opened> = {
  name: 'lru-in-workers',
  what: 'Piscina with an lru-cache inside each worker; in `hit-main`, read by the thread that owns it',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const { call, close } = await openPiscina({
      ...setup,
      functions: new URL('lru.js', setup.functions),
    });
    const { value } = await import('../functions/lru.js');
    return { call, close, readHere: value };
  },
};

/** bentocache with its memory driver, in front of Piscina. `getOrSet` deduplicates by itself. */
const bentocache: Contestant<Opened> = {
  name: 'bentocache',
  what: 'Piscina behind bentocache, memory driver, serialize: false; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const { BentoCache, bentostore } = await import('bentocache');
    const { memoryDriver } = await import('bentocache/drivers/memory');
    const pool = await openPiscina(setup);
    // With its default, serialize: true, values become JSON: slower, and a Buffer is lost.
    const driver = memoryDriver({ maxItems: cacheEntries, serialize: false });
    const cache = new BentoCache({
      default: 'memory',
      // Here and not with each call, which would make it slower.
      ttl: '1h',
      stores: { memory: bentostore().useL1Layer(driver) },
    });
    return {
      call: (name, argument) =>
        cache.getOrSet({
          key: `${name}:${typeof argument === 'object' ? JSON.stringify(argument) : argument}`,
          factory: () => pool.call(name, argument),
        }),
      async close() {
        await cache.disconnectAll();
        await pool.close();
      },
    };
  },
};

/** async-cache-dedupe with its memory storage, in front of Piscina. It deduplicates by itself. */
const asyncCacheDedupe: Contestant<Opened> = {
  name: 'async-cache-dedupe',
  what: 'Piscina behind async-cache-dedupe, memory storage; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const { createCache } = await import('async-cache-dedupe');
    const pool = await openPiscina(setup);
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

/** threadmemo with its defaults, but for the limits that all contestants share. */
const threadmemo: Contestant<Opened> = {
  name: 'threadmemo',
  what: 'threadmemo, default options: one cache for all threads; every caller has its own copy',
  cannot: {},
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const functions: Record<FunctionName, (argument: never) => Promise<unknown>> = await import(
      '../functions/memoized.js'
    );
    const pool = await createPool({ threads, worker: plainNode });
    return {
      call: (name, argument) => functions[name](argument as never),
      close: () => pool.close(),
    };
  },
};

const sameAsThreadmemo = 'the same as threadmemo here';

/** threadmemo with `values: 'frozen'`, which changes hits and nothing else. */
const threadmemoFrozen: Contestant<Opened> = {
  name: 'threadmemo-frozen',
  what: "threadmemo with values: 'frozen': one deep-frozen object a thread",
  cannot: {
    miss: sameAsThreadmemo,
    uneven: sameAsThreadmemo,
    stampede: sameAsThreadmemo,
    zipf: sameAsThreadmemo,
  },
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const { frozenValue } = await import('../functions/memoized.js');
    const pool = await createPool({ threads, worker: plainNode });
    return {
      call(name, argument) {
        if (name === 'value') return frozenValue(argument as Parameters<typeof frozenValue>[0]);
        return Promise.reject(new Error(`${name} is not memoized as frozen: ${sameAsThreadmemo}`));
      },
      close: () => pool.close(),
    };
  },
};

export const callees: readonly Contestant<Opened>[] = [
  piscina,
  pMemoizeOnMain,
  lruInWorkers,
  bentocache,
  asyncCacheDedupe,
  threadmemo,
  threadmemoFrozen,
];
