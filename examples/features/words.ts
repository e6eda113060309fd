/**
 * First stage: the words of a text, as the Unicode rules find them in any language, in lower case.
 * By far the slowest of the stages.
 */

import { memoize } from 'threadmemo';

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

export const words = memoize(
  import.meta.url,
  function words(text: string): string[] {
    // Line by line, because Node 20 takes a time in the square of the length.
    return text.split('\n').flatMap(wordsOf);
  },
  // The Unicode rules come with Node: the code does not show that they have changed, so the key does.
  { key: (text) => [text, process.versions['icu']] },
);

function wordsOf(line: string): string[] {
  return Array.from(segmenter.segment(line))
    .filter(({ isWordLike, segment }) => isWordLike && /^\p{L}{2}/u.test(segment))
    .map(({ segment }) => segment.toLowerCase());
}
