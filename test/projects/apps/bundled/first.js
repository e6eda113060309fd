import { memoize } from 'threadmemo';

export const first = memoize(import.meta.url, function work() {
  return 'first';
});
