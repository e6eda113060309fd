/** What the scenario `fresh` calls, memoized. Older versions have none of this, so nothing else loads it. */
import { setTimeout } from 'node:timers/promises';
import { valueFor } from './cached-values.js';
import { memoize } from './threadmemo.js';
import { backoffMs, fleetMs, isDown, noteTry, now, ttlMs, upstream } from './upstream.js';

const options = { name: 'hot', ttl: ttlMs };
const window = { staleWhileRevalidate: 60_000, errorBackoff: backoffMs };

export const hot = {
  stale: memoize(import.meta.url, upstream, { ...options, ...window }),
  waits: memoize(import.meta.url, upstream, { ...options, name: 'hot, without a window' }),
};

/** The same in 100 ms, for several processes. */
export const hotInFleet = memoize(
  import.meta.url,
  async function hotInFleet(/** @type {number} */ _key) {
    noteTry();
    await setTimeout(fleetMs);
    return now();
  },
  { ttl: ttlMs, staleWhileRevalidate: 60_000 },
);

/**
 * The values that `jobs.js` reads. While the upstream is down one refresh hangs, and the others wait for
 * their turn: what is stale stays so, and no more refreshes are due.
 */
export const lastingValue = memoize(
  import.meta.url,
  async function lastingValue(/** @type {string} */ key) {
    while (isDown()) await setTimeout(5);
    return valueFor(key);
  },
  { ttl: '1h', staleWhileRevalidate: '1h', concurrency: 1 },
);
