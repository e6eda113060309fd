/** Which eviction policies are there? The one file that names them. */

import { ByCost } from './by-cost.ts';
import { Dense } from './dense.ts';
import { LeastRecentlyUsed } from './lru.ts';
import type { Capacity, EntryFacts, EvictionPolicy } from './policy.ts';

export type Eviction = 'cost' | 'lru';

export const evictions: readonly Eviction[] = ['cost', 'lru'];

export interface PolicyParts {
  readonly eviction: Eviction;
  readonly facts: EntryFacts;
  /** Milliseconds. */
  readonly now: () => number;
}

/** For all entries of a pool. */
export function policyOf(
  { eviction, facts, now }: PolicyParts,
  capacity: Capacity,
): EvictionPolicy {
  return eviction === 'lru' ? new LeastRecentlyUsed() : new ByCost(facts, capacity, now);
}

/**
 * Milliseconds: what the computations of one function differ by although they do the same, because a
 * thread compiles what it runs for the first time.
 */
const NOISE = 1;

/** For the entries of one function, of which there are at most `max`: cheap ones count alike. */
export function policyOfFunction(parts: PolicyParts, max: number): EvictionPolicy {
  const capacity = { max, maxSize: Number.POSITIVE_INFINITY };
  return new Dense(parts.facts, (facts) => {
    const cost = (slot: number) => facts.cost(slot) + NOISE;
    return policyOf({ ...parts, facts: { ...facts, cost } }, capacity);
  });
}
