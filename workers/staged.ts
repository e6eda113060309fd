/** Functions whose computations differ, so that one sees which of them has been served. */

import { threadId } from 'node:worker_threads';
import { memoize } from 'threadmemo';
import type { Run } from './gated.ts';
import { arrive, count, counted } from './shared.ts';

const here = import.meta.url;

/** Like `gated`, but each of its computations has a gate of its own: `<gate>:1`, `<gate>:2`. */
export const staged = memoize(here, async function staged(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(`${gate}:${nth}`);
  return { nth, thread: threadId };
});

/** Calls `staged` from a thread; counts `<gate>:asked` when the coordinator knows of it. */
export const asksStaged = memoize(
  here,
  async (gate: string, _caller: string): Promise<Run> => {
    const pending = staged(gate);
    staged.has(gate);
    count(`${gate}:asked`);
    return pending;
  },
  { name: 'asksStaged', ttl: 0 },
);

/** Has a thread forget what `staged` has, or is about to have. */
export const forgets = memoize(
  here,
  (gate: string, what: 'this' | 'all'): Promise<void> =>
    what === 'this' ? staged.invalidate(gate) : staged.clear(),
  { name: 'forgets', ttl: 0 },
);

/** Refreshes `staged` from a thread. */
export const refreshesStaged = memoize(
  here,
  (gate: string): Promise<Run> => staged.with({ forceRefresh: true })(gate),
  { name: 'refreshesStaged', ttl: 0 },
);

/** What a thread sees of `ordinal`. */
export interface Sight {
  readonly has: boolean;
  readonly peek: number | undefined;
  readonly value: number;
}

/** Which of the computations of this cell it is. */
export const ordinal = memoize(here, function ordinal(cell: string): number {
  return count(cell);
});

/** Looks at `ordinal` twice: before and after `<cell>:change` is open. Blocks its thread between. */
export const looksTwice = memoize(
  here,
  async (cell: string, _caller: string): Promise<Sight[]> => {
    const first = await look(cell);
    count(`${cell}:looked`);
    while (counted(`${cell}:change:open`) === 0);
    return [first, await look(cell)];
  },
  { name: 'looksTwice', ttl: 0 },
);

async function look(cell: string): Promise<Sight> {
  return { has: ordinal.has(cell), peek: ordinal.peek(cell), value: await ordinal(cell) };
}
