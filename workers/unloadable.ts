/** A module that only the main thread can load. */

import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

if (!isMainThread) throw new RangeError('not in this thread');

export const unreachable = memoize(import.meta.url, function unreachable(): number {
  return 1;
});
