/**
 * The measured functions with a cache inside: what a service does today when it puts lru-cache into
 * the module its workers load. Each thread that imports this file has caches of its own.
 */
import { LRUCache } from 'lru-cache';
import * as plain from './plain.js';

/**
 * The argument itself is the key: every measured function takes one primitive, and there is no
 * cheaper key.
 * @template {string | number} Argument
 * @template {{}} Value
 * @param {(argument: Argument) => Value} fn
 */
function cached(fn) {
  const cache = new LRUCache(
    /** @type {LRUCache.Options<Argument, Value, unknown>} */ ({ max: plain.cacheEntries }),
  );
  return (/** @type {Argument} */ argument) => {
    const found = cache.get(argument);
    if (found !== undefined) return found;
    const made = fn(argument);
    cache.set(argument, made);
    return made;
  };
}

export const addOne = cached(plain.addOne);
export const cost2ms = cached(plain.cost2ms);
export const cost20ms = cached(plain.cost20ms);
export const uneven = cached(plain.uneven);
export const value = cached(plain.value);
