/**
 * What is a store, as a worker sees it? Something that is asked for a key and may not have it; the
 * worker then computes and puts. This is how a service uses most caches.
 */
import { fragment } from '../plain.js';

/**
 * @typedef {object} Store
 * @property {boolean} isAsync whether it answers with promises
 * @property {(key: string) => unknown} get `undefined`, or a promise of it, where there is nothing
 * @property {(key: string, value: unknown) => unknown} set
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
  return { isAsync, value: get, fragment: isAsync ? later : now };
}
