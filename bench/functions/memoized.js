/**
 * The measured functions, memoized by threadmemo: its one line, and the limit that all contestants
 * share. The main thread and the workers import this same file.
 */
import { cacheEntries } from './limits.js';
import * as plain from './plain.js';
import { memoize } from './threadmemo.js';

const options = { max: cacheEntries };

export const addOne = memoize(import.meta.url, plain.addOne, options);
export const cost2ms = memoize(import.meta.url, plain.cost2ms, options);
export const cost20ms = memoize(import.meta.url, plain.cost20ms, options);
export const uneven = memoize(import.meta.url, plain.uneven, options);
export const value = memoize(import.meta.url, plain.value, options);
