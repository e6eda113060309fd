/** lmdb bare, with its own encoding: what a look-up and a value cost without any promise to anybody. */
import { open as openLmdb } from 'lmdb';
import { valuesOf } from './values.js';

/** @param {string} path */
export function open(path) {
  const db = openLmdb({ path: `${path}/cache.lmdb` });
  return {
    isAsync: false,
    call(/** @type {'text' | 'fields'} */ kind, /** @type {number} */ n) {
      const key = `${kind},${n}`;
      return db.get(key) ?? db.put(key, valuesOf[kind](n));
    },
    close: () => db.close(),
  };
}
