import { memoize } from 'threadmemo';

export const length = memoize(import.meta.url, (text) => text.length, {
  name: 'lengthOfText',
  version: '1',
});
