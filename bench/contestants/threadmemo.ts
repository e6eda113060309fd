/** threadmemo with its defaults, but for the limits that all contestants share. */
import { plainNode } from '../scenario.ts';
import type { Contestant, FunctionName, Opened } from './contestant.ts';

export const contestant: Contestant<Opened> = {
  name: 'threadmemo',
  what: 'threadmemo, default options: one cache for all threads; every caller has its own copy',
  cannot: {},
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const functions: Record<FunctionName, (argument: never) => Promise<unknown>> = await import(
      '../functions/memoized.js'
    );
    const pool = await createPool({ threads, worker: plainNode });
    return {
      call: (name, argument) => functions[name](argument as never),
      close: () => pool.close(),
    };
  },
};
