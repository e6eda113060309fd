/** Arguments of many kinds, as they come to a function. */

import { type KeyError, memoize } from 'threadmemo';
import { weigh } from './made.ts';
import { count } from './shared.ts';

const here = import.meta.url;

export const weighs = memoize(here, (value: Uint8Array) => weigh(value), { name: 'weighs' });

/** Passes such an argument on, from a thread. */
export const weighsNested = memoize(here, (text: string) => weighs(Buffer.from(text)), {
  name: 'weighsNested',
  ttl: 0,
});

export const echoes = memoize(here, (value: unknown, cell: string) => [count(cell), value], {
  name: 'echoes',
});

/** Changes its argument, from a thread, after the call; and what it calls with is refused. */
export const changesArguments = memoize(
  here,
  async (cell: string) => {
    const list = [1, 2];
    const pending = echoes(list, cell);
    list.push(3);
    return [await pending, await echoes([1, 2], cell), await echoes(list, cell)];
  },
  { name: 'changesArguments', ttl: 0 },
);

/** What a thread is told of an argument that is refused. */
export const passesFunction = memoize(
  here,
  async (cell: string) => {
    const error = await echoes({ conn() {} }, cell).catch((reason: KeyError) => reason);
    const { name, path, code } = error as KeyError;
    return { name, path, code };
  },
  { name: 'passesFunction', ttl: 0 },
);

/** A number is the key as it is; an Error is thrown. */
export const keyed = memoize(
  here,
  (row: { readonly id: unknown; readonly note?: unknown }, cell: string) => [count(cell), row.note],
  {
    name: 'keyed',
    key({ id }, cell) {
      if (id instanceof Error) throw id;
      return [id, cell];
    },
  },
);
