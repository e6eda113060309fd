/**
 * A thread has values made by another one, passes through what it gets, and prints the most MiB that
 * the process has taken meanwhile.
 */

import { isMainThread } from 'node:worker_threads';
import { createPool, memoize } from '../../dist/src/index.js';

const MIB = 2 ** 20;

export const made = memoize(import.meta.url, (n) => Buffer.alloc(MIB, n), {
  name: 'made',
  values: 'shared',
});

export const most = memoize(
  import.meta.url,
  async (count) => {
    let most = 0;
    for (let n = 0; n < count; n++) {
      await made.fork(n);
      most = Math.max(most, process.memoryUsage.rss());
    }
    return Math.round(most / MIB);
  },
  { name: 'most' },
);

if (isMainThread) {
  const pool = await createPool({ threads: 2, maxSize: '16mb', maxEntrySize: '2mb' });
  console.log(await most(1500));
  await pool.close();
}
