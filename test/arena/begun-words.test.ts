/** Keys that differ only at their ends, as long ones do, have words of their own: see `begun-words.ts`. */

import { expect, test } from 'vitest';
import { BegunWords } from '../../src/arena/begun-words.ts';

test.each([
  ['short', ''],
  ['of a hundred characters', 'x'.repeat(100)],
  ['of ten thousand', 'x'.repeat(10_000)],
])('two hundred %s keys share few words', (_, start) => {
  const words = new BegunWords();
  const used = new Set<number>();
  for (let nth = 0; nth < 200; nth++) used.add(words.at(7, `${start}{"id":${nth}}`));
  expect(used.size).toBeGreaterThan(190);
});
