/**
 * The measured functions, memoized by threadmemo: its one line, and the limit that all contestants
 * share. The main thread and the workers import this same file.
 */
import * as plain from './plain.js';
import { memoize } from './threadmemo.js';

const options = { max: plain.cacheEntries };

export const addOne = memoize(import.meta.url, plain.addOne, options);
export const cost2ms = memoize(import.meta.url, plain.cost2ms, options);
export const cost20ms = memoize(import.meta.url, plain.cost20ms, options);
export const wait20ms = memoize(import.meta.url, plain.wait20ms, options);
export const wait100ms = memoize(import.meta.url, plain.wait100ms, options);
export const cost1ms = memoize(import.meta.url, plain.cost1ms, options);
export const uneven = memoize(import.meta.url, plain.uneven, options);
export const value = memoize(import.meta.url, plain.value, options);

/** One deep-frozen object a thread instead of a copy for every caller. */
export const frozenValue = memoize(import.meta.url, plain.value, {
  ...options,
  name: 'frozenValue',
  values: 'frozen',
});
