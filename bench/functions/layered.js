/** What the benchmark of tiers calls: a trivial function, and one that calls it in its worker. */
import { addOne as plainAddOne } from './plain.js';
import { memoize } from './threadmemo.js';

export const addOne = memoize(import.meta.url, plainAddOne, { name: 'addOne', version: '1' });

/** @param {readonly number[]} keys @param {number} callers at a time @returns milliseconds */
async function callAll(keys, callers) {
  const queue = keys.values();
  const start = performance.now();
  const call = async () => {
    for (const key of queue)
      if ((await addOne(key)) !== key + 1) throw new Error(`a wrong answer for ${key}`);
  };
  await Promise.all(Array.from({ length: callers }, call));
  return performance.now() - start;
}

export const addAll = memoize(import.meta.url, callAll, {
  name: 'addAll',
  version: '1',
  cache: () => false,
});
