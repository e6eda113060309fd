/**
 * The function of the scenario `hit-main`, memoized by threadmemo with `values: 'frozen'`: one deep-frozen
 * object a thread instead of a copy for every caller.
 */
import { cacheEntries } from './limits.js';
import * as plain from './plain.js';
import { memoize } from './threadmemo.js';

export const value = memoize(import.meta.url, plain.value, {
  max: cacheEntries,
  values: 'frozen',
});
