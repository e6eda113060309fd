/** What the scenario `tags` calls: a function whose entries have a tag, and threads that look at them. */

import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { memoize } from './threadmemo.js';

const name = 'threadmemo:bench tags';
const shared = /** @type {SharedArrayBuffer} */ (
  /** @type {unknown} */ (getEnvironmentData(name)) ?? new SharedArrayBuffer(4)
);
setEnvironmentData(name, /** @type {never} */ (shared));
const looking = new Int32Array(shared);

/** Threads that have looked at everything since the last time that this was asked. */
export function lookers() {
  return Atomics.load(looking, 0);
}

export function forgetLookers() {
  Atomics.store(looking, 0, 0);
}

export const tagged = memoize(
  import.meta.url,
  function tagged(/** @type {string} */ _tag, /** @type {number} */ n) {
    return n;
  },
  { tags: (_n, [tag]) => [tag] },
);

/** Looks that find nothing, one after the other, before a thread believes that there is nothing. */
const enough = 20;

/** Looks at all entries in turn until there are none; when the last look that found one began, in ms of `hrtime`. */
export const look = memoize(
  import.meta.url,
  function look(
    /** @type {string} */ tag,
    /** @type {number} */ count,
    /** @type {number} */ _thread,
  ) {
    let last = 0;
    let missed = 0;
    for (let n = 0; missed < enough; n++) {
      if (n === Math.min(count, 1_000)) Atomics.add(looking, 0, 1);
      const began = Number(process.hrtime.bigint()) / 1e6;
      if (tagged.peek(tag, n % count) === undefined) missed++;
      else {
        missed = 0;
        last = began;
      }
    }
    return last;
  },
  { ttl: 0 },
);
