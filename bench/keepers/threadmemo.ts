/** threadmemo's shared memory, by its own account. */

import type { Contestant } from '../contestants/contestant.ts';
import { plainNode } from '../scenario.ts';
import type { Keeper } from './keeper.ts';

export const contestant: Contestant<Keeper> = {
  name: 'threadmemo',
  what: 'threadmemo: memory that all threads share, by pool.stats().memory, free and dead bytes included',
  cannot: {},
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const { value } = await import('../functions/memoized-jobs.js');
    const pool = await createPool({ threads, maxSize: '256mb', worker: plainNode });
    return {
      async hold(keys) {
        await pool.clear();
        await Promise.all(keys.map((key) => value(key)));
        const { entries, used, bookkeeping } = pool.stats().memory;
        if (entries !== keys.length) throw new Error(`holds ${entries} of ${keys.length} entries`);
        return { total: used, bookkeeping };
      },
      close: () => pool.close(),
    };
  },
};
