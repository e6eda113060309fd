/** A Map in the only worker there is. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'map-one-thread',
  what: 'one worker with a Map, which does all of the work',
  cannot: {},
  open: () => openStoreCrew({ threads: 1, store: 'map.js', isShared: false }),
};
