import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

/** Takes what a file system, JSON or structured clone gives: data that a test runner's realm has not made. */
export const report = memoize(
  import.meta.url,
  function report(rows) {
    return { rows: rows.length, first: rows[0], inWorker: !isMainThread };
  },
  { name: 'report' },
);
