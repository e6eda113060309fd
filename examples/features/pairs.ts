/** Last stage, over all documents: how much any two are alike, by the angle between their weights. */

import { memoize } from 'threadmemo';
import type { Weights } from './weights.ts';

export interface Pair {
  /** Places in the list of documents. */
  readonly one: number;
  readonly other: number;
  /** From 0, for nothing in common, to 1. */
  readonly likeness: number;
}

const mostPairs = 1000;

export const pairs = memoize(import.meta.url, function pairs(documents: Weights[]): Pair[] {
  const all = documents.flatMap((weights, one) =>
    documents
      .slice(0, one)
      .map((others, other) => ({ one, other, likeness: likeness(weights, others) })),
  );
  return all.sort((a, b) => b.likeness - a.likeness).slice(0, mostPairs);
});

function likeness(one: Weights, other: Weights): number {
  let sum = 0;
  for (const [term, weight] of one) sum += weight * (other.get(term) ?? 0);
  return sum;
}
