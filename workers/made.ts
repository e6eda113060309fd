/** Values of many kinds, as they come to their callers. */

import { memoize } from 'threadmemo';
import { arrive, count } from './shared.ts';

const here = import.meta.url;

class Point {
  readonly x = 1;
}

const makings = {
  nested: () => ({ list: [1, 2], map: new Map([['a', { n: 1 }]]), at: new Date(0) }),
  'small buffer': () => Buffer.from('abc'),
  'slice of a buffer': () => Buffer.alloc(100_000, 5).subarray(10, 20),
  'large buffer': () => Buffer.alloc(1 << 20, 7),
  'buffer within': () => ({ inner: Buffer.from('abc') }),
  bytes: () => new Uint8Array([1, 2, 3]),
  function: () => ({ rows: [{ save() {} }] }),
  symbol: () => Symbol('s'),
  instance: () => [new Point()],
  promise: () => ({ later: Promise.resolve(1) }),
};

export type Making = keyof typeof makings;

type Made<What extends Making> = ReturnType<(typeof makings)[What]>;

/** Makes a value, once the gate of that name is open, if there is one. */
export const makes = memoize(here, async function makes<
  What extends Making,
>(what: What, cell: string, gate?: string): Promise<Made<What>> {
  count(cell);
  if (gate) await arrive(gate);
  return makings[what]() as Made<What>;
});

/** Spoils what it got, in a thread, and returns what it gets after that. */
export const spoils = memoize(
  here,
  async (cell: string) => {
    const [one, other] = await Promise.all([makes('nested', cell), makes('nested', cell)]);
    spoil(one);
    const later = await makes('nested', cell);
    const peeked = makes.peek('nested', cell);
    return { other, later, peeked, apart: new Set([one, other, later, peeked]).size };
  },
  { name: 'spoils', ttl: 0 },
);

export function spoil(made: Made<'nested'>): void {
  made.list.push(3);
  for (const each of made.map.values()) each.n = 2;
  made.map.set('b', { n: 3 });
  made.at.setFullYear(1999);
}

/** What a Buffer is, and how much memory it holds. */
export function weigh(value: unknown) {
  const bytes = value as Buffer;
  const name = Buffer.isBuffer(value) ? 'Buffer' : (value as object).constructor.name;
  return { name, length: bytes.length, memory: bytes.buffer.byteLength };
}

/** What arrives in a thread: as a nested call's answer, and as an argument. */
export const weighsMade = memoize(
  here,
  async (what: 'small buffer' | 'slice of a buffer' | 'large buffer' | 'bytes', cell: string) =>
    weigh(await makes(what, cell)),
  { name: 'weighsMade', ttl: 0 },
);

export const makesFrozen = memoize(
  here,
  (what: 'nested', cell: string): Made<'nested'> => {
    count(cell);
    return makings[what]();
  },
  { name: 'makesFrozen', values: 'frozen' },
);

/** How many objects callers in a thread get, and whether they are frozen. */
export const seesFrozen = memoize(
  here,
  async (cell: string) => {
    const calls = [makesFrozen('nested', cell), makesFrozen('nested', cell)];
    const got = [...(await Promise.all(calls)), await makesFrozen('nested', cell)];
    got.push(makesFrozen.peek('nested', cell) as Made<'nested'>);
    return { objects: new Set(got).size, frozen: Object.isFrozen(got[0]?.map.get('a')) };
  },
  { name: 'seesFrozen', ttl: 0 },
);
