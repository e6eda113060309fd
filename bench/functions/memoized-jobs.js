/**
 * The jobs of `jobs.js` in threadmemo's own workers, and what they ask there, memoized. How a worker
 * asks is the only difference between threadmemo's contestants.
 */
import { numberedValue, valueFor } from './cached-values.js';
import { jobs } from './jobs.js';
import * as plain from './plain.js';
import { memoize } from './threadmemo.js';

export const value = memoize(import.meta.url, valueFor, { name: 'value' });
export const frozenValue = memoize(import.meta.url, valueFor, {
  name: 'frozenValue',
  values: 'frozen',
});
export const fragment = memoize(import.meta.url, plain.fragment);
/** An older version (`--against`) refuses the options of these; then nothing asks for them. */
const { lastingValue } = await import('./hot.js').catch(() => ({ lastingValue: value }));

export const numbered = memoize(import.meta.url, numberedValue, { name: 'numbered' });
/** @type {import('./jobs.js').Member['partitions']} */
const ask = (n, k, cost) => partitions.sync(n, k, cost);
export const partitions = memoize(
  import.meta.url,
  /** @type {import('./jobs.js').Member['partitions']} */ (
    (n, k, cost) => plain.partitions(n, k, cost, ask)
  ),
  { name: 'partitions' },
);
const blocking = { partitions: ask, numbered: (/** @type {number} */ i) => numbered.sync(i) };

/** @typedef {'sync' | 'frozen' | 'lasting' | 'await' | 'together'} Manner */

/** What each manner reads the values of. */
export const valuesOf = {
  sync: value,
  frozen: frozenValue,
  lasting: lastingValue,
  await: value,
  together: value,
};

/** @type {import('./jobs.js').Member} */
const sync = {
  ...blocking,
  isAsync: false,
  value: (key) => value.sync(key),
  fragment: (id) => fragment.sync(id),
};

/** @type {Readonly<Record<Manner, import('./jobs.js').Member>>} */
const members = {
  sync,
  frozen: { ...sync, value: (key) => frozenValue.sync(key) },
  lasting: { ...sync, value: (key) => lastingValue.sync(key) },
  await: { ...blocking, isAsync: true, value: (key) => value(key), fragment: (id) => fragment(id) },
  together: {
    ...blocking,
    isAsync: true,
    asksTogether: true,
    value: (key) => value(key),
    fragment: (id) => fragment(id),
  },
};

/** @typedef {{ manner: Manner, job: import('./jobs.js').JobName, order: never, ticket: number }} Commission */

/** No two have the same ticket, and none is kept: an order is no hit. */
export const perform = memoize(
  import.meta.url,
  /** @param {Commission} commission */
  async function perform({ manner, job, order }) {
    return await jobs[job](members[manner], order);
  },
  { key: ({ ticket }) => ticket, cache: () => false },
);
