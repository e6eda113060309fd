/** threadmemo, as it is used. */
import type { Contestant } from '../contestants/contestant.ts';
import { type OnDisk, openOnDisk } from './on-disk.ts';

export const contestant: Contestant<OnDisk> = {
  name: 'threadmemo',
  what: 'a memoized call on the main thread, memory and 2 threads before the disk tier',
  cannot: {},
  open: () => openOnDisk('threadmemo', 'node'),
};
