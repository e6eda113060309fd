/** A Map in each worker: the yardstick of hits. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'map',
  what: 'a Map in each worker, filled by that worker: nothing shared, nothing bounded',
  cannot: {},
  open: ({ threads }) => openStoreCrew({ threads, store: 'map.js', isShared: false }),
};
