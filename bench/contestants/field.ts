/**
 * Who is called from the main thread, and in which order? The one file that names these contestants.
 * They are imported late: their packages are installed by the first run.
 */
import type { Field, Opened } from './contestant.ts';

export const callees: Field<Opened> = {
  piscina: () => import('./piscina.ts'),
  'p-memoize': () => import('./p-memoize.ts'),
  'lru-in-workers': () => import('./lru-in-workers.ts'),
  bentocache: () => import('./bentocache.ts'),
  'async-cache-dedupe': () => import('./async-cache-dedupe.ts'),
  threadmemo: () => import('./threadmemo.ts'),
  'threadmemo-frozen': () => import('./threadmemo-frozen.ts'),
};
