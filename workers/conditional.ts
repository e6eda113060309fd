/** A module whose function exists in the main thread only. */

import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export const sometimes = isMainThread
  ? memoize(import.meta.url, function sometimes(): number {
      return 1;
    })
  : undefined;
