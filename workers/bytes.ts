/** What threads make of bytes and of other large values: for tests of `values: 'shared'`. */

import { threadId } from 'node:worker_threads';
import { type HitsIn, memoize } from 'threadmemo';
import { arrive, count } from './shared.ts';

const here = import.meta.url;
export const KIB = 2 ** 10;
export const MIB = 2 ** 20;

const makings = {
  buffer: () => Buffer.from('abc'),
  bytes: () => new Uint8Array([1, 2, 3]),
  slice: () => Buffer.alloc(100 * KIB, 5).subarray(10, 20),
  'empty buffer': () => Buffer.alloc(0),
  'no bytes': () => new Uint8Array(0),
  large: () => Buffer.alloc(MIB, 7),
  huge: () => new Uint8Array(5 * MIB).fill(7),
  'shared before': () => new Uint8Array(new SharedArrayBuffer(9), 3, 5).fill(7),
  text: () => 'abc',
  'large text': () => 'x'.repeat(100 * KIB),
  nothing: () => undefined,
  list: () => [1, 2, 3],
  words: () => new Uint16Array([1, 2, 3]),
  function: () => () => 1,
  'can grow': () =>
    new Uint8Array(Reflect.construct(ArrayBuffer, [8, { maxByteLength: 16 }]) as ArrayBuffer),
  named: () => Object.assign(Buffer.from('abc'), { charset: 'utf8' }),
};
export type Making = keyof typeof makings;

function make(what: Making, cell: string): unknown {
  count(cell);
  count(`${cell}:${threadId}`);
  return makings[what]();
}

export const shares = memoize(
  here,
  (what: Making, cell: string) => make(what, cell) as Uint8Array,
  { name: 'shares', values: 'shared' },
);
export const sharesOne = memoize(here, (size: number) => Buffer.alloc(size, 7), {
  name: 'sharesOne',
  values: 'shared',
});
export const copies = memoize(here, (what: Making, cell: string) => make(what, cell) as Buffer, {
  name: 'copies',
});
export const freezes = memoize(
  here,
  (length: number, cell: string) => {
    count(`${cell}:${threadId}`);
    return { list: Array.from({ length }, (_, at) => at) };
  },
  { name: 'freezes', values: 'frozen' },
);

/** What a view is, and of what memory. */
export function look(value: unknown) {
  const { buffer, byteOffset, length } = value as Uint8Array;
  return {
    name: Buffer.isBuffer(value) ? 'Buffer' : (value as object).constructor.name,
    shared: buffer instanceof SharedArrayBuffer,
    byteOffset,
    length,
    memory: buffer.byteLength,
  };
}

export interface Seen {
  readonly thread: number;
  readonly hits: HitsIn[];
  /** How many objects it got. */
  readonly objects: number;
  readonly looks: unknown;
}

/** Calls once, peeks, and calls again, in a thread; with the hits after each of these. */
async function sees(
  call: (() => Promise<unknown>) & { peek(): unknown; hits(): HitsIn },
): Promise<Seen> {
  const hits = [call.hits()];
  const got: unknown[] = [];
  for (const next of [call, call.peek, call, call]) {
    got.push(await next());
    hits.push(call.hits());
  }
  const [first] = got;
  const looks = first instanceof Uint8Array ? look(first) : typeof first;
  return { thread: threadId, hits, objects: new Set(got).size, looks };
}

/** In a thread, which does so when the gate is open: until then it has something to do. */
export const seesShared = memoize(
  here,
  async (what: Making, cell: string, gate?: string) => {
    count(`${gate}:holds`);
    if (gate) await arrive(gate);
    const peek = () => shares.peek(what, cell);
    const hits = () => shares.stats().hitsIn;
    return sees(Object.assign(() => shares(what, cell), { peek, hits }));
  },
  { name: 'seesShared', ttl: 0 },
);
export const seesCopies = memoize(
  here,
  async (what: Making, cell: string, gate?: string) => {
    count(`${gate}:holds`);
    if (gate) await arrive(gate);
    const peek = () => copies.peek(what, cell);
    const hits = () => copies.stats().hitsIn;
    return sees(Object.assign(() => copies(what, cell), { peek, hits }));
  },
  { name: 'seesCopies', ttl: 0 },
);
export const seesFrozen = memoize(
  here,
  async (length: number, cell: string, gate: string) => {
    count(`${gate}:holds`);
    await arrive(gate);
    const peek = () => freezes.peek(length, cell);
    const hits = () => freezes.stats().hitsIn;
    return sees(Object.assign(() => freezes(length, cell), { peek, hits }));
  },
  { name: 'seesFrozen', ttl: 0 },
);

/** Writes into what all see, which nobody should. */
export const writes = memoize(
  here,
  async (what: Making, cell: string, byte: number) => {
    const view = await shares(what, cell);
    const before = view[0];
    view[0] = byte;
    return before;
  },
  { name: 'writes', ttl: 0 },
);

/** By the ways that block, in a thread. */
export const seesSync = memoize(
  here,
  (size: number) => {
    const got = [sharesOne.sync(size), sharesOne.sync(size), sharesOne.peek(size)];
    const { near, shared, memory } = sharesOne.stats().hitsIn;
    return { objects: new Set(got).size, ...look(got[0]), hits: [near, shared, memory] };
  },
  { name: 'seesSync', ttl: 0 },
);

/** By `fork` and `map`, in a thread. */
export const seesForked = memoize(
  here,
  async (size: number) => {
    const got: unknown[] = [await sharesOne.fork(size)];
    for await (const each of sharesOne.map([size])) got.push(each);
    return { objects: new Set(got).size, ...look(got[0]) };
  },
  { name: 'seesForked', ttl: 0 },
);

/** Has a large value, waits until something was done to it, and asks again. */
export const asksAgain = memoize(
  here,
  async (cell: string, gate: string) => {
    await copies('large', cell);
    await copies('large', cell);
    count(`${gate}:holds`);
    await arrive(gate);
    const had = copies.has('large', cell);
    await copies('large', cell);
    return had;
  },
  { name: 'asksAgain', ttl: 0 },
);
