/** Functions that call themselves, and some of them wait for themselves. */

import { memoize } from 'threadmemo';
import { arrive, count } from './shared.ts';

const here = import.meta.url;

// What calls itself is an arrow function: within `function f() {}`, `f` is not the memoized one.

export const fibonacci = memoize(
  here,
  async (n: number, cell: string): Promise<bigint> => {
    count(`${cell}:${n}`);
    if (n < 2) return BigInt(n);
    const [a, b] = await Promise.all([fibonacci(n - 1, cell), fibonacci(n - 2, cell)]);
    return a + b;
  },
  { name: 'fibonacci' },
);

/** Each waits for the next one, and the last for the first. */
export const ring = memoize(
  here,
  async (gate: string, place: number, size: number): Promise<string> => {
    count(`${gate}:started`);
    await arrive(gate);
    return ring(gate, (place + 1) % size, size);
  },
  { name: 'ring' },
);

/** Would wait for itself, notices, and answers all the same. */
export const careful = memoize(
  here,
  (caller: string): Promise<string> =>
    careful(caller).catch((error: Error) => `instead of a ${error.name}`),
  { name: 'careful' },
);
