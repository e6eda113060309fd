/**
 * Asks for the lease of number 1 until it is granted, says so with its process id, and keeps it until
 * it is killed. A heartbeat that is missing tells it nothing.
 *
 * `contained.mjs <directory>`, as the first process of a namespace.
 */

import { systemClock } from '../../../build/src/clock.js';
import { openDiskTier } from '../../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../../build/src/tiers/disk/holders.js';
import { fn, keyOf } from './numbered.mjs';

const times = { ...leaseTimes, deadAfter: Number.POSITIVE_INFINITY };
const tier = openDiskTier({ path: process.argv[2] }, systemClock, times);
setInterval(() => {}, 1e6);
for (let state; state !== 'granted'; ) {
  const answer = await tier.lease(fn, keyOf(1));
  state = answer.state;
  if (state === 'held') await answer.over;
}
console.log('granted', process.pid);
