import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

const square = memoize(import.meta.url, function square(n) {
  return n * n;
});
if (isMainThread) console.log(await square(12));
