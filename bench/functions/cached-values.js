/**
 * What is kept in the caches that workers read? Values of four kinds, made from their keys, so that
 * a wrong answer is noticed.
 */

export const cachedKinds = /** @type {const} */ (['string', 'small', 'fields', 'bytes']);

/** @typedef {typeof cachedKinds[number]} CachedKind */

/**
 * @typedef {object} KeyRange a set of keys, which is made in each thread that needs it
 * @property {CachedKind} kind
 * @property {string} label tells it from every other set
 * @property {number} count
 */

/** Just below what has memory of its own, which a thread is first sent by a message. */
const size = 64_000;

/**
 * The same strings whenever a thread asks for them: a `Map` that they were put into finds them by
 * identity. They are in one piece and their hashes are known: making keys is not what is measured.
 * @type {Map<string, string[]>}
 */
const made = new Map();
const rangesKept = 8;

/** @param {KeyRange} range */
export function keysOf({ kind, label, count }) {
  const name = `${kind}/${label}/${count}`;
  const found = made.get(name);
  if (found !== undefined) return found;
  const keys = Array.from({ length: count }, (_, i) => `${kind}/${label}/${i}`);
  new Set(keys);
  const oldest = made.keys().next().value;
  if (made.size >= rangesKept && oldest !== undefined) made.delete(oldest);
  made.set(name, keys);
  return keys;
}

/** @param {string} key */
export function kindOf(key) {
  return /** @type {CachedKind} */ (key.slice(0, key.indexOf('/')));
}

/** @param {string} key */
export function valueFor(key) {
  switch (kindOf(key)) {
    case 'string':
      return key.padEnd(100, '.');
    case 'small':
      return { id: key, count: key.length, isNew: true };
    case 'fields':
      return twentyFields(key);
    case 'bytes':
      return new Uint8Array(size).fill(key.charCodeAt(key.length - 1));
  }
}

/** @param {string} key */
function twentyFields(key) {
  const fields = Array.from({ length: 20 }, (_, i) => [
    `field${i}`,
    i % 2 === 0 ? i * 1.5 : `${i} of ${key}`,
  ]);
  return Object.fromEntries(fields);
}

/** A small value of a number, for caches of many entries. @param {number} i */
export const numberedValue = (i) => ({ n: i });
