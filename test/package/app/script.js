import { memoize } from 'threadmemo';

// What a newcomer may write first: the worker thread that loads this calls square() again.
const square = memoize(import.meta.url, function square(n) {
  return n * n;
});
console.log(await square(12));
