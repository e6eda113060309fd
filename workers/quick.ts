/** Functions that answer at once. */

import { threadId } from 'node:worker_threads';
import { createPool, memoize } from 'threadmemo';
import { count } from './shared.ts';

const here = import.meta.url;

export const increment = memoize(here, function increment(n: number, cell?: string): number {
  if (cell) count(cell);
  return n + 1;
});

/** What a thread can tell of `increment` without calling it. */
export const looksFor = memoize(
  here,
  function looksFor(n: number, _caller: string) {
    return { has: increment.has(n), peek: increment.peek(n) };
  },
  { ttl: 0 },
);

export const whereAmI = memoize(here, function whereAmI(_caller: string): number {
  return threadId;
});

// What calls itself is an arrow function: within `function f() {}`, `f` is not the memoized one.

/** The threads of a chain of nested calls, the innermost first. */
export const nested = memoize(
  here,
  async (depth: number, caller: string): Promise<number[]> => {
    if (depth === 0) return [threadId];
    return [...(await nested(depth - 1, caller)), threadId];
  },
  { name: 'nested' },
);

const forgotten = memoize(here, (n: number) => n, { name: 'forgotten', ttl: 0 });

/** So many nested computations, none of which is kept. */
export const forgetsMany = memoize(
  here,
  async (from: number, calls: number): Promise<void> => {
    for (let done = 0; done < calls; done += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, n) => forgotten(from + done + n)));
    }
  },
  { name: 'forgetsMany', ttl: 0 },
);

/** What happens to somebody who opens a pool in a thread of one. */
export const opensPool = memoize(here, async function opensPool(): Promise<void> {
  await createPool();
});
