/** lru-cache in this thread, with a time to live: what most services put into their workers. */
import { LRUCache } from 'lru-cache';
import { cacheEntries } from '../limits.js';

export function open() {
  /** @type {LRUCache<string | number, {}>} */
  const cache = new LRUCache({ max: cacheEntries, ttl: 3_600_000 });
  return {
    isAsync: false,
    get: (/** @type {string | number} */ key) => cache.get(key),
    set: (/** @type {string | number} */ key, /** @type {{}} */ value) => cache.set(key, value),
    clear: () => cache.clear(),
    close() {},
  };
}
