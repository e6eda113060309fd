/** lru-cache in this thread, with a time to live: what most services put into their workers. */
import { LRUCache } from 'lru-cache';
import { cacheEntries } from '../limits.js';

export function open() {
  /** @type {LRUCache<string, {}>} */
  const cache = new LRUCache({ max: cacheEntries, ttl: 3_600_000 });
  return {
    isAsync: false,
    get: (/** @type {string} */ key) => cache.get(key),
    set: (/** @type {string} */ key, /** @type {{}} */ value) => cache.set(key, value),
    clear: () => cache.clear(),
    close() {},
  };
}
