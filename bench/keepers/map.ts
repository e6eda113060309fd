/** A Map. */
import type { Contestant } from '../contestants/contestant.ts';
import { valueFor } from '../functions/cached-values.js';

import type { Keeper } from './keeper.ts';
import { onHeap } from './on-heap.ts';

export const contestant: Contestant<Keeper> = {
  name: 'map',
  what: 'a Map: heap of its thread, keys and values included',
  cannot: {},
  open: async () => onHeap(() => new Map<string, string>(), valueFor),
};
