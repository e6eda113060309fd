/** threadmemo with `values: 'frozen'`, asked with `f.sync()`. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openMemoCrew } from './memo-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'threadmemo-frozen',
  what: "the same with values: 'frozen': one deep-frozen object a thread",
  cannot: {},
  open: ({ threads }) => openMemoCrew(threads, 'frozen'),
};
