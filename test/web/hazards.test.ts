/** What goes wrong with caches of web responses, on every framework. */

import { describe, test } from 'vitest';
import { inFull } from '../effort.ts';
import { openForAll } from '../threads/open.ts';
import { asking, type Hazard, poisoning, storing } from './hazards.ts';
import { open, sites } from './sites.ts';

openForAll({ threads: 0 });

const groups: Record<string, Record<string, Hazard>> = {
  'a response that is not for all is kept for none': storing,
  'a request that asks for itself is none of the cache’s': asking,
  'no request decides what another one gets': poisoning,
};

/** One of each kind, when not everything runs. */
const some = ['express', 'hono'];
const chosen = Object.entries(sites).filter(([name]) => inFull || some.includes(name));

describe.each(chosen)('%s', (_, start) => {
  describe.each(Object.entries(groups))('%s', (_, hazards) => {
    test.each(Object.entries(hazards))('%s', async (_, { options, handle, check }) => {
      await check(await open(start, options ?? { ttl: '1m' }, handle));
    });
  });
});
