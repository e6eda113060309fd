import { memoize } from 'threadmemo';

export const square = memoize(import.meta.url, function square(n) {
  return n * n;
});
