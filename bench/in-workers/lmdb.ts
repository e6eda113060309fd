/** lmdb, one file for all workers, deleted at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

export const contestant: Contestant<Crew> = {
  name: 'lmdb',
  what: 'lmdb, one memory-mapped file for all workers, its own encoding (msgpack)',
  cannot: {},
  open({ threads }) {
    const folder = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
    return openStoreCrew({
      threads,
      store: 'lmdb.js',
      isShared: true,
      dataFor: () => ({ data: { path: join(folder, 'cache.lmdb') } }),
      closed: () => rmSync(folder, { recursive: true, force: true }),
    });
  },
};
