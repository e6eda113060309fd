/**
 * Second stage: how often a document has each of its terms, which are its words, and the pairs of
 * words that it has more than once.
 */

import { memoize } from 'threadmemo';

/** By term. */
export type Counts = Map<string, number>;

export const counts = memoize(import.meta.url, function counts(words: string[]): Counts {
  const pairs = countEach(words.slice(1).map((word, index) => `${words[index]} ${word}`));
  const repeated = [...pairs].filter(([, count]) => count > 1);
  return new Map([...countEach(words), ...repeated]);
});

function countEach(terms: string[]): Counts {
  const counts: Counts = new Map();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}
