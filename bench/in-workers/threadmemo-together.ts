/** threadmemo with its defaults, asked for many at once. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openMemoCrew } from './memo-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'threadmemo-together',
  what: 'threadmemo, all fragments of a page asked for at once, with await Promise.all',
  cannot: {},
  open: ({ threads }) => openMemoCrew(threads, 'together'),
};
