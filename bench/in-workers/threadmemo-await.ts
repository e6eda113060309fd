/** threadmemo with its defaults, asked with `await f()`. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openMemoCrew } from './memo-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'threadmemo-await',
  what: 'threadmemo, default options, read with await f(key)',
  cannot: {},
  open: ({ threads }) => openMemoCrew(threads, 'await'),
};
