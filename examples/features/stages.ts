/**
 * The stages, and below them what puts them together: a program as it would be without threads or a
 * cache, but for `await`. An edit of one stage changes the version of that stage only, although they share a
 * module. What follows is computed again as far as its input has changed.
 */

import { memoize } from 'threadmemo';

// First stage: the words of a text, as the Unicode rules find them in any language, in lower
// case. By far the slowest of the stages.

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

// The Unicode rules come with Node: the code does not show that they have changed, so the key does.
export const words = memoize(
  import.meta.url,
  function words(text: string): string[] {
    // Line by line, because Node 20 takes a time in the square of the length.
    return text.split('\n').flatMap(wordsOf);
  },
  { key: (text) => [text, process.versions['icu']] },
);

function wordsOf(line: string): string[] {
  return Array.from(segmenter.segment(line))
    .filter(({ isWordLike, segment }) => isWordLike && /^\p{L}{2}/u.test(segment))
    .map(({ segment }) => segment.toLowerCase());
}

// Second stage: how often a document has each of its terms, which are its words, and the pairs
// of words that it has more than once.

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

// Third stage, over all documents: how rare each term is (the "idf" of tf-idf).

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

// Fourth stage, over all documents: the terms that say most about each, being frequent in it
// and rare elsewhere (tf-idf), with weights that make a vector of length 1.

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

// Last stage, over all documents: how much any two are alike, by the angle between their
// weights.

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

export const stages = { words, counts, rarity, weights, pairs };

/** Which of the texts are alike, the most alike first. */
export async function alike(texts: readonly string[]): Promise<Pair[]> {
  const counted = await Promise.all(texts.map(async (text) => counts(await words(text))));
  const weighed = await weights(counted, await rarity(counted));
  return pairs(weighed);
}
