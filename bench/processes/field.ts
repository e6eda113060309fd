/** Who works in several processes over one Redis? The one file that names these contestants. */
import type { Field } from '../contestants/contestant.ts';
import type { Fleet } from './fleet.ts';

export const fleets: Field<Fleet> = {
  'async-cache-dedupe': () => import('./async-cache-dedupe.ts'),
  bentocache: () => import('./bentocache.ts'),
  'layered-loader': () => import('./layered-loader.ts'),
  threadmemo: () => import('./threadmemo.ts'),
  'threadmemo-alone': () => import('./threadmemo-alone.ts'),
  'threadmemo-cut-off': () => import('./threadmemo-cut-off.ts'),
};
