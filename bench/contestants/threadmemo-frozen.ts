/** threadmemo with `values: 'frozen'`, which changes hits and nothing else. */
import { plainNode } from '../scenario.ts';
import type { Contestant, Opened } from './contestant.ts';

const same = 'the same as threadmemo here';

export const contestant: Contestant<Opened> = {
  name: 'threadmemo-frozen',
  what: "threadmemo with values: 'frozen': one deep-frozen object a thread",
  cannot: { miss: same, uneven: same, stampede: same, zipf: same },
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const { value } = await import('../functions/memoized-frozen.js');
    const pool = await createPool({ threads, worker: plainNode });
    return {
      call(name, argument) {
        if (name === 'value') return value(argument as Parameters<typeof value>[0]);
        return Promise.reject(new Error(`${name} is not memoized as frozen: ${same}`));
      },
      close: () => pool.close(),
    };
  },
};
