/** A thread that no pool has started waits for a coordinator that it does not have. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { variants } from '../effort.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import { open } from '../threads/open.ts';

test.each(variants(['beside a pool', 'without another pool'], 1))(
  'it is a coordinator side of its own: %s',
  async (where) => {
    const cell = fresh('main');
    const pool = where === 'beside a pool' ? await open({ threads: 1 }) : undefined;
    if (pool) await increment(1, cell);

    const worker = new Worker(new URL('./app/plain-worker.mjs', import.meta.url));
    const exited = once(worker, 'exit');
    const [said] = await once(worker, 'message');
    expect(said).toEqual({
      value: 49,
      ownThread: false,
      computations: 2,
      threads: 1,
      second: 'PoolOpenError',
    });
    // Its idle pool does not keep it alive.
    expect(await exited).toEqual([0]);

    if (!pool) return;
    expect(pool.stats()).toMatchObject({ computations: 1, entries: 1, threads: 1, threadsLost: 0 });
    expect(await increment(2, cell)).toBe(3);
  },
);
