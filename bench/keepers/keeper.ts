/** What is a contestant that only keeps things? It holds so many entries, and says what they take. */
import type { Closable, Field } from '../contestants/contestant.ts';

/** Bytes. */
export interface Held {
  /** All that was taken for the entries. */
  readonly total: number;
  /** What is neither key nor value, where the cache itself says so. */
  readonly bookkeeping?: number;
}

export interface Keeper extends Closable {
  /** Forgets all there is, then holds these. */
  hold(keys: readonly string[]): Promise<Held>;
}

/** The one list of keepers, imported late: their packages are installed by the first run. */
export const keepers: Field<Keeper> = {
  map: () => import('./map.ts'),
  'lru-cache': () => import('./lru-cache.ts'),
  threadmemo: () => import('./threadmemo.ts'),
};
