/** joblib.Memory. */
import type { Contestant } from '../contestants/contestant.ts';
import { pythonMissing } from '../python-packages.ts';
import { type OnDisk, openOnDisk } from './on-disk.ts';

export const contestant: Contestant<OnDisk> = {
  name: 'joblib',
  what: 'Python: a call memoized by joblib.Memory (a folder an entry, pickle)',
  cannot: {},
  missing: () => pythonMissing('joblib'),
  open: () => openOnDisk('joblib', 'python'),
};
