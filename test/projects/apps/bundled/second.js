import { memoize } from 'threadmemo';

export const second = memoize(import.meta.url, function work() {
  return 'second';
});
