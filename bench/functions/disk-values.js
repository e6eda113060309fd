/** What is kept on disk: two kinds of a value of about 1 KB. `python/disk.py` makes the same. */

export const kinds = /** @type {const} */ (['text', 'fields']);

/** @typedef {typeof kinds[number]} DiskKind */

/** @param {number} n */
export function text(n) {
  return `text ${n} `.repeat(200).slice(0, 1_000);
}

/** @param {number} n */
export function fields(n) {
  const names = Array.from({ length: 20 }, (_, i) => [
    `field${i}`,
    i % 2 === 0 ? n + i * 1.5 : `field ${n} `.repeat(20).slice(0, 75),
  ]);
  return Object.fromEntries(names);
}

/** @type {Readonly<Record<DiskKind, (n: number) => unknown>>} */
export const valuesOf = { text, fields };
