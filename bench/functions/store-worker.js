/** What does a worker run whose contestant is a store? One order after another, by message. */
import { parentPort, workerData } from 'node:worker_threads';
import { keysOf, numberedValue, valueFor } from './cached-values.js';
import { jobs } from './jobs.js';
import { memberOf, stores } from './stores.js';

/**
 * @typedef {object} StoreWorkerData
 * @property {import('./stores.js').StoreName} store
 * @property {unknown} data that it is opened with
 * @property {boolean} asksTogether see `Member`
 */

/**
 * @typedef {{ type: 'fill', keys: readonly import('./cached-values.js').KeyRange[] }
 *   | { type: 'fillNumbered', first: number, count: number }
 *   | { type: 'job', job: import('./jobs.js').JobName, order: never }
 *   | { type: 'close' }} StoreOrder
 */

const { store: name, data, asksTogether } = /** @type {StoreWorkerData} */ (workerData);
/** Some stores take texts only as keys; their contestants are given no others. */
const store = /** @type {import('./stores.js').Store} */ (
  /** @type {unknown} */ (await stores[name](/** @type {never} */ (data)))
);
const member = { ...memberOf(store), asksTogether };

/** @param {StoreOrder} order */
async function obey(order) {
  switch (order.type) {
    case 'fill':
      return await fill(order.keys.flatMap(keysOf));
    case 'fillNumbered':
      for (let i = order.first; i < order.first + order.count; i++) store.set(i, numberedValue(i));
      return;
    case 'job':
      return await jobs[order.job](member, order.order);
    case 'close':
      await store.close();
      return;
  }
}

/** @param {readonly string[]} keys */
async function fill(keys) {
  await store.clear();
  await Promise.all(keys.map((key) => store.set(key, valueFor(key))));
  // Where a set is not answered, an answer to what was asked after it.
  await store.get(keys[0] ?? '');
}

parentPort?.on('message', async (/** @type {StoreOrder} */ order) => {
  try {
    parentPort?.postMessage({ report: await obey(order) });
  } catch (error) {
    parentPort?.postMessage({ failure: error });
  }
  if (order.type === 'close') parentPort?.close();
});
parentPort?.postMessage({ report: undefined });
