/**
 * Fourth stage, over all documents: the terms that say most about each, being frequent in it and
 * rare elsewhere (tf-idf), with weights that make a vector of length 1.
 */

import { memoize } from 'threadmemo';
import type { Counts } from './counts.ts';
import type { Rarity } from './rarity.ts';

/** By term, the heaviest first. */
export type Weights = Map<string, number>;

const mostTerms = 100;

export const weights = memoize(
  import.meta.url,
  function weights(documents: Counts[], rarity: Rarity): Weights[] {
    return documents.map((counts) => weighed(counts, rarity));
  },
);

function weighed(counts: Counts, rarity: Rarity): Weights {
  const heaviest = [...counts]
    .map(([term, count]) => ({ term, weight: weightOf(count, rarity.get(term)) }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostTerms);
  const length = Math.hypot(...heaviest.map(({ weight }) => weight)) || 1;
  return new Map(heaviest.map(({ term, weight }) => [term, weight / length]));
}

/** The tenth time that a term occurs says less than the first. */
function weightOf(count: number, rarity = 0): number {
  return (1 + Math.log(count)) * rarity;
}
