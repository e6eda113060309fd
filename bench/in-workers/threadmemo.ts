/** threadmemo with its defaults, asked with `f.sync()`. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openMemoCrew } from './memo-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'threadmemo',
  what: 'threadmemo, default options, read with f.sync(key)',
  cannot: {},
  open: ({ threads }) => openMemoCrew(threads, 'sync'),
};
