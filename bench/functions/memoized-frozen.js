/**
 * The function of the scenario `hit`, memoized by threadmemo with `values: 'frozen'`: one deep-frozen
 * object a thread instead of a copy for every caller.
 */
import { timeHits } from './hits.js';
import { cacheEntries } from './limits.js';
import * as plain from './plain.js';
import { memoize } from './threadmemo.js';

export const value = memoize(import.meta.url, plain.value, {
  max: cacheEntries,
  values: 'frozen',
});

export const readAgain = memoize(
  import.meta.url,
  /** @param {import('./hits.js').HitOrder} order */
  function readAgain({ kind, ms }) {
    return timeHits(() => value(kind), ms);
  },
  { max: cacheEntries },
);
