/** Its own module: threads load it too. */

import { threadId } from 'node:worker_threads';
import { memoize } from 'threadmemo';

export const whichThread = memoize(import.meta.url, function whichThread() {
  return threadId;
});
