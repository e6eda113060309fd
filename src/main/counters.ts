/**
 * The numbers behind `stats()`: one set a function, written only by the coordinator. What threads read
 * by themselves they count in the arena.
 */

import type { Hits } from '../arena/threads.ts';
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

  /** @param found what threads have read by themselves. */
  snapshot({ near, shared, cost }: Hits): FunctionStats {
    const { memoryHits: memory, tierHits: tiers, computeMsSaved, ...rest } = this;
    return {
      hits: near + shared + memory + tiers,
      hitsIn: { near, shared, memory, tiers },
      ...rest,
      computeMsSaved: computeMsSaved + cost,
    };
  }
}

/** The sum over any number of functions. */
export function totalOf(all: readonly FunctionStats[]): FunctionStats {
  const total = new Counters().snapshot({ near: 0, shared: 0, cost: 0 });
  return all.reduce(sum, total);
}

/** Of all numbers, at whatever depth. */
function sum<Numbers extends object>(a: Numbers, b: Numbers): Numbers {
  const added = Object.entries(a).map(([name, value]) => {
    const other: unknown = b[name as keyof Numbers];
    return [name, typeof value === 'number' ? value + Number(other) : sum(value, other as object)];
  });
  return Object.fromEntries(added);
}
