/**
 * Which stores do workers read from? A store is asked for a key and may not have it; the worker then
 * computes and puts. This is how a service uses most caches. Packages are loaded by the store alone
 * that needs them.
 */
import { kindOf, numberedValue } from './cached-values.js';
import { cacheEntries, fragment, partitionKey, partitions } from './plain.js';

/**
 * @typedef {object} Store
 * @property {boolean} isAsync whether it answers with promises
 * @property {(key: string | number) => unknown} get `undefined`, or a promise of it, where there is nothing
 * @property {(key: string | number, value: unknown) => unknown} set
 * @property {() => unknown} clear
 * @property {() => unknown} close
 */

/** @typedef {keyof typeof stores} StoreName */

/** By name; each is opened with the data that its contestant gives. */
export const stores = {
  /** Nothing is kept: everything is computed each time. */
  none: () => ({ isAsync: false, get: () => undefined, set() {}, clear() {}, close() {} }),

  /** A `Map` in this thread: there is nothing faster, and nothing that forgets less. */
  map() {
    const map = new Map();
    return {
      isAsync: false,
      get: (/** @type {string | number} */ key) => map.get(key),
      set: (/** @type {string | number} */ key, /** @type {unknown} */ value) =>
        map.set(key, value),
      clear: () => map.clear(),
      close() {},
    };
  },

  /** lru-cache in this thread, with a time to live: what most services put into their workers. */
  async 'lru-cache'() {
    const { LRUCache } = await import('lru-cache');
    const cache = new LRUCache(
      /** @type {import('lru-cache').LRUCache.Options<string | number, {}, unknown>} */ ({
        max: cacheEntries,
        ttl: 3_600_000,
      }),
    );
    return {
      isAsync: false,
      get: (/** @type {string | number} */ key) => cache.get(key),
      set: (/** @type {string | number} */ key, /** @type {unknown} */ value) =>
        cache.set(key, /** @type {{}} */ (value)),
      clear: () => cache.clear(),
      close() {},
    };
  },

  /**
   * One memory-mapped file, which every thread reads by itself and values are decoded from.
   * @param {{ path: string }} data
   */
  async lmdb({ path }) {
    const { open } = await import('lmdb');
    const db = open({ path, noSync: true });
    return {
      isAsync: false,
      get: (/** @type {string} */ key) => db.get(key),
      // Not put(), whose value other threads see later.
      set: (/** @type {string} */ key, /** @type {unknown} */ value) => db.putSync(key, value),
      clear: () => db.clearSync(),
      close: () => db.close(),
    };
  },

  /**
   * A `Map` on the main thread, asked through a MessagePort; its other end: `contestants/in-workers.ts`.
   * @param {{ port: import('node:worker_threads').MessagePort }} data
   */
  port({ port }) {
    /** @type {Map<number, (value: unknown) => void>} */
    const waiting = new Map();
    let last = 0;
    port.on('message', ({ id, value }) => {
      waiting.get(id)?.(value);
      waiting.delete(id);
    });
    return {
      isAsync: true,
      get: (/** @type {string} */ key) =>
        new Promise((resolve) => {
          waiting.set(++last, resolve);
          port.postMessage({ type: 'get', id: last, key });
        }),
      set: (/** @type {string} */ key, /** @type {unknown} */ value) =>
        port.postMessage({ type: 'set', key, value }),
      clear: () => port.postMessage({ type: 'clear' }),
      close: () => port.close(),
    };
  },

  /**
   * Redis through ioredis, a connection for each worker: text and bytes as they are, the rest as JSON.
   * @param {{ port: number }} data
   */
  async redis({ port }) {
    const { Redis } = await import('ioredis');
    const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
    await redis.ping();
    return {
      isAsync: true,
      async get(/** @type {string} */ key) {
        switch (kindOf(key)) {
          case 'bytes':
            return (await redis.getBuffer(key)) ?? undefined;
          case 'small':
          case 'fields':
            return JSON.parse((await redis.get(key)) ?? 'null') ?? undefined;
          default:
            return (await redis.get(key)) ?? undefined;
        }
      },
      set: (/** @type {string} */ key, /** @type {unknown} */ value) =>
        redis.set(key, encode(value)),
      clear: () => redis.flushdb(),
      close: () => redis.quit(),
    };
  },
};

/** @param {unknown} value */
function encode(value) {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value.buffer) : JSON.stringify(value);
}

/**
 * @param {Store} store
 * @returns {import('./jobs.js').Member}
 */
export function memberOf({ isAsync, get, set }) {
  const computeAndSet = (/** @type {string} */ id) => {
    const made = fragment(id);
    set(id, made);
    return made;
  };
  const now = (/** @type {string} */ id) => get(id) ?? computeAndSet(id);
  const later = async (/** @type {string} */ id) => (await get(id)) ?? computeAndSet(id);
  /** @type {import('./jobs.js').Member['partitions']} */
  const ask = (n, k, cost) => {
    const key = partitionKey(n, k, cost);
    const found = get(key);
    if (typeof found === 'number') return found;
    const made = partitions(n, k, cost, ask);
    set(key, made);
    return made;
  };
  const numbered = (/** @type {number} */ i) => {
    const found = get(i);
    if (found === undefined) set(i, numberedValue(i));
    return found;
  };
  return { isAsync, value: get, fragment: isAsync ? later : now, partitions: ask, numbered };
}
