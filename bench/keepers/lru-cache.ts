/** An lru-cache with ttl. */
import { LRUCache } from 'lru-cache';
import type { Contestant } from '../contestants/contestant.ts';
import { valueFor } from '../functions/cached-values.js';
import { cacheEntries } from '../functions/limits.js';
import type { Keeper } from './keeper.ts';
import { onHeap } from './on-heap.ts';

export const contestant: Contestant<Keeper> = {
  name: 'lru-cache',
  what: 'an lru-cache with ttl: heap of its thread, keys and values included',
  cannot: {},
  open: async () =>
    onHeap(() => new LRUCache<string, string>({ max: cacheEntries, ttl: 3_600_000 }), valueFor),
};
