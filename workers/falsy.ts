/** Values that are easily taken for none. */

import { memoize } from 'threadmemo';
import { count } from './shared.ts';

const here = import.meta.url;

export const falsyValues = {
  undefined: undefined,
  null: null,
  zero: 0,
  'minus zero': -0,
  NaN: Number.NaN,
  'empty text': '',
  false: false,
  'zero, big': 0n,
} as const;

export type Falsy = keyof typeof falsyValues;

export const falsy = memoize(here, function falsy(cell: string, which: Falsy) {
  count(cell);
  return falsyValues[which];
});

/** The same, as a thread sees it. */
export const looksAtFalsy = memoize(
  here,
  async (cell: string, which: Falsy) => ({
    has: falsy.has(cell, which),
    peek: falsy.peek(cell, which),
    value: await falsy(cell, which),
  }),
  { name: 'looksAtFalsy', ttl: 0 },
);
