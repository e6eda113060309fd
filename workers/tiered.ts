/** A function whose results are kept for as long as its argument says. */

import { memoize } from 'threadmemo';

export const keptFor = memoize(
  import.meta.url,
  function keptFor(ttl: '1h' | '2h') {
    return ttl;
  },
  { version: '1', ttl: (value) => value },
);
