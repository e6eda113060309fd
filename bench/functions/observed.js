/** A pool that is looked at: its 200 functions, its metrics and its page. */
import { built } from './built.js';
import { memoize } from './threadmemo.js';

/** @type {typeof import('../../dist/src/page/page.js')} */
const { statusPage } = await import(built('page/page'));
/** @type {typeof import('../../dist/src/observe/prometheus.js')} */
const { collectMetrics } = await import(built('observe/prometheus'));

const functions = Array.from({ length: 200 }, (_, nth) =>
  memoize(import.meta.url, (/** @type {number} */ n) => n + nth, { name: `function ${nth}` }),
);

/** A miss, a hit and a wait of each. @param {number} round */
export async function callAll(round) {
  await Promise.all(functions.flatMap((each) => [each(round), each(round)]));
  await Promise.all(functions.map((each) => each(round)));
}

export { collectMetrics, statusPage };
