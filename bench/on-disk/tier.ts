/** The disk tier without the rest of threadmemo. */
import type { Contestant } from '../contestants/contestant.ts';
import { type OnDisk, openOnDisk } from './on-disk.ts';

export const contestant: Contestant<OnDisk> = {
  name: 'threadmemo, tier.get',
  what: 'get() of the disk tier alone: checked bytes, which nobody decodes',
  cannot: {},
  open: () => openOnDisk('tier', 'node'),
};
