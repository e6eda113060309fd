/** The threads of a pool that has none: nothing is started, and Piscina is not loaded. */

import type { Threads } from './threads.ts';

export const NO_THREADS: Pick<Threads, 'peers' | 'count' | 'spare' | 'lost' | 'want' | 'destroy'> =
  {
    peers: [],
    count: 0,
    spare: 0,
    lost: 0,
    want() {},
    async destroy() {},
  };
