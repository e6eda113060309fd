/**
 * Gets the lease of number 1, says so, and stores when its standard input says something; then says
 * whether it was stored. Its heart does not beat again, so it writes nothing between.
 *
 * `holder.mjs <directory>`
 */

import { once } from 'node:events';
import { open as openLmdb } from 'lmdb';
import { systemClock } from '../../../build/src/clock.js';
import { openDiskTier } from '../../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../../build/src/tiers/disk/holders.js';
import { fn, keyOf, numbered } from './numbered.mjs';

const [path] = process.argv.slice(2);
const tier = openDiskTier({ path }, systemClock, { ...leaseTimes, beatEvery: 60_000 });
const { lease } = await tier.lease(fn, keyOf(1));
// A process that is stopped while lmdb writes stops all others: so let it be through.
openLmdb({ path, noSubdir: false }).transactionSync(() => {});
console.log('granted');
await once(process.stdin, 'data');
console.log(await lease.store({ ...numbered(1), ms: 1 }));
await tier.close();
process.stdin.destroy();
