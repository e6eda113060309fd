/** Functions whose options say what is kept, how long, and how much of it. */

import { memoize } from 'threadmemo';
import { count } from './shared.ts';

const here = import.meta.url;

export const keptMs = memoize(here, (cell: string) => count(cell), { name: 'keptMs', ttl: 60_000 });

export const keptText = memoize(here, (cell: string) => count(cell), {
  name: 'keptText',
  ttl: '1m',
});

export const keptNever = memoize(here, (cell: string) => count(cell), {
  name: 'keptNever',
  ttl: 0,
});

/** An odd value is kept for as long as the second argument says; an even one not at all. */
export const keptAsSaid = memoize(here, (cell: string, _ttl: unknown) => count(cell), {
  name: 'keptAsSaid',
  cache: (nth) => nth % 2 === 1,
  ttl: (_nth, [, ttl]) => {
    if (ttl instanceof Error) throw ttl;
    return ttl as number;
  },
});

/** `cache` answers with the second argument, or throws it. */
export const keptIf = memoize(here, (cell: string, _answer: unknown) => count(cell), {
  name: 'keptIf',
  cache: (_nth, [, answer]) => {
    if (answer instanceof Error) throw answer;
    return answer as boolean;
  },
});

/** As many bytes, and how many computations there were of them. */
export const bytes = memoize(
  here,
  (cell: string, size: number) => Buffer.alloc(size, count(cell)),
  {
    name: 'bytes',
  },
);

export const atMostThree = memoize(here, (cell: string, n: number) => [n, count(cell)], {
  name: 'atMostThree',
  max: 3,
});

export const atMostNone = memoize(here, (cell: string) => count(cell), {
  name: 'atMostNone',
  max: 0,
});
