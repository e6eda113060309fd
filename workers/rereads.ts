/** Reads what is cached, many times, in the thread that it runs in. */

import { memoize } from 'threadmemo';
import { increment } from './quick.ts';

export const rereads = memoize(
  import.meta.url,
  async function rereads(n: number, times: number, _caller: string): Promise<number[]> {
    const seen = new Set<number>();
    for (let time = 0; time < times; time++) seen.add(await increment(n)).add(increment.sync(n));
    return [...seen];
  },
  { version: '1' },
);
