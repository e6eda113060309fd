/**
 * What is a store, as a worker sees it? Something that is asked for a key and may not have it; the
 * worker then computes and puts. This is how a service uses most caches.
 */
import { numberedValue } from '../cached-values.js';
import { partitionKey, partitions } from '../partitions.js';
import { fragment } from '../plain.js';

/**
 * @typedef {object} Store
 * @property {boolean} isAsync whether it answers with promises
 * @property {(key: string | number) => unknown} get `undefined`, or a promise of it, where there is nothing
 * @property {(key: string | number, value: unknown) => unknown} set
 * @property {() => unknown} clear
 * @property {() => unknown} close
 */

/**
 * @param {Store} store
 * @returns {import('../jobs.js').Member}
 */
export function memberOf({ isAsync, get, set }) {
  const computeAndSet = (/** @type {string} */ id) => {
    const made = fragment(id);
    set(id, made);
    return made;
  };
  const now = (/** @type {string} */ id) => get(id) ?? computeAndSet(id);
  const later = async (/** @type {string} */ id) => (await get(id)) ?? computeAndSet(id);
  /** @type {import('../jobs.js').Member['partitions']} */
  const ask = (n, k, cost) => {
    const key = partitionKey(n, k, cost);
    const found = get(key);
    if (typeof found === 'number') return found;
    const made = partitions(n, k, cost, ask);
    set(key, made);
    return made;
  };
  const numbered = (/** @type {number} */ i) => {
    const found = get(i);
    if (found === undefined) set(i, numberedValue(i));
    return found;
  };
  return { isAsync, value: get, fragment: isAsync ? later : now, partitions: ask, numbered };
}
