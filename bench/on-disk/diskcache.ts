/** diskcache's memoize. */
import type { Contestant } from '../contestants/contestant.ts';
import { pythonMissing } from '../python-packages.ts';
import { type OnDisk, openOnDisk } from './on-disk.ts';

export const contestant: Contestant<OnDisk> = {
  name: 'diskcache',
  what: 'Python: a call memoized by diskcache (SQLite, pickle)',
  cannot: {},
  missing: () => pythonMissing('diskcache'),
  open: () => openOnDisk('diskcache', 'python'),
};
