/** A `Map` in this thread: there is nothing faster, and nothing that forgets less. */

export function open() {
  const map = new Map();
  return {
    isAsync: false,
    get: (/** @type {string | number} */ key) => map.get(key),
    set: (/** @type {string | number} */ key, /** @type {unknown} */ value) => map.set(key, value),
    clear: () => map.clear(),
    close() {},
  };
}
