/** lru-cache in each worker. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'lru-cache',
  what: 'an lru-cache with ttl in each worker, filled by that worker: nothing shared',
  cannot: {},
  open: ({ threads }) => openStoreCrew({ threads, store: 'lru-cache.js', isShared: false }),
};
