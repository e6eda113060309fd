/** No cache at all. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'none',
  what: 'no cache; renders fewer pages, as the table says',
  cannot: {},
  open: ({ threads }) =>
    openStoreCrew({ threads, store: 'none.js', isShared: false, cachesNothing: true }),
};
