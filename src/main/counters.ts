/** The numbers behind `stats()`: one set a function, written only by the coordinator. */

import type { FunctionStats } from '../protocol.ts';

export class Counters {
  memoryHits = 0;
  tierHits = 0;
  misses = 0;
  waits = 0;
  computations = 0;
  errors = 0;
  cancelled = 0;
  duplicates = 0;
  lost = 0;
  evictions = 0;
  entries = 0;
  bytes = 0;
  computeMsSpent = 0;
  computeMsSaved = 0;

  snapshot(): FunctionStats {
    const { memoryHits, tierHits, ...rest } = this;
    return {
      hits: memoryHits + tierHits,
      hitsIn: { memory: memoryHits, tiers: tierHits },
      ...rest,
    };
  }
}

/** The sum of any number of snapshots. */
export function totalOf(all: Iterable<Counters>): FunctionStats {
  const total = new Counters();
  for (const each of all) {
    for (const name of Object.keys(total) as (keyof Counters & string)[]) {
      if (name !== 'snapshot') total[name] += each[name];
    }
  }
  return total.snapshot();
}
