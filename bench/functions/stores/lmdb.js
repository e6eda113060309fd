/** lmdb: one memory-mapped file, which every thread reads by itself and values are decoded from. */
import { open as openLmdb } from 'lmdb';

/** @param {{ path: string }} data */
export function open({ path }) {
  const db = openLmdb({ path, noSync: true });
  return {
    isAsync: false,
    get: (/** @type {string} */ key) => db.get(key),
    // Not put(), whose value other threads see later.
    set: (/** @type {string} */ key, /** @type {unknown} */ value) => db.putSync(key, value),
    clear: () => db.clearSync(),
    close: () => db.close(),
  };
}
