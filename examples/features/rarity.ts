/** Third stage, over all documents: how rare each term is (the "idf" of tf-idf). */

import { memoize } from 'threadmemo';
import type { Counts } from './counts.ts';

/** By term, for those that at least two documents have: 0 if all have it, more if it is rare. */
export type Rarity = Map<string, number>;

export const rarity = memoize(import.meta.url, function rarity(documents: Counts[]): Rarity {
  const having = new Map<string, number>();
  for (const counts of documents) {
    for (const term of counts.keys()) having.set(term, (having.get(term) ?? 0) + 1);
  }
  const shared = [...having].filter(([, number]) => number > 1);
  return new Map(shared.map(([term, number]) => [term, Math.log(documents.length / number)]));
});
