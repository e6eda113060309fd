/**
 * Two names of the tests' shared counters have one cell: a gate is open before it was lifted, or has
 * been reached by others, and the test that waits for it hangs.
 */

import { expect, test } from 'vitest';
import { count, counted } from './fixtures/counters-and-gates.ts';

test('of many names no two have one counter', () => {
  const kinds = ['crash', 'awaited', 'later'].flatMap((label) =>
    ['open', 'started', 'asked'].map((what) => (n: number) => `${label}-${n}:${what}`),
  );
  const names = kinds.flatMap((name) => Array.from({ length: 4000 }, (_, n) => name(n)));
  expect(names.filter((name) => counted(name) > 0 || count(name) > 1)).toEqual([]);
  expect(names.filter((name) => counted(name) !== 1)).toEqual([]);
});
