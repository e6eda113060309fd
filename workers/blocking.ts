/** Memoized functions that block their threads, fork, and map. */

import { threadId } from 'node:worker_threads';
import { currentSignal, memoize } from 'threadmemo';
import { arrive, count, counted, reaches } from './shared.ts';

const here = import.meta.url;

// The name of a function expression is the function itself inside of it, and not what is memoized.

/** In how many ways `n` is a sum of parts not above `most`. */
export const partitions = memoize(here, function ofParts(n: number, most: number): number {
  count(`partitions:${n}:${most}`);
  if (n === 0 || most === 1) return 1;
  const without = partitions.sync(n, most - 1);
  return most > n ? without : without + partitions.sync(n - most, most);
});

/** The other order, so that threads that begin at different ends meet in the middle. */
export const editDistance = memoize(here, function distance(a: string, b: string): number {
  count(`edit:${a}:${b}`);
  if (a === '' || b === '') return a.length + b.length;
  const [first, other] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return editDistance.sync(first, other);
  const three = [
    editDistance.sync(first, b),
    editDistance.sync(a, other),
    editDistance.sync(first, other),
  ];
  return 1 + Math.min(...three);
});

export const even = memoize(here, function even(n: number): boolean {
  return n === 0 || odd.sync(n - 1);
});

export const odd = memoize(here, function odd(n: number): boolean {
  return n !== 0 && even.sync(n - 1);
});

/** Calls the next in a ring of so many, and so itself in the end. */
export const ringSync = memoize(here, function stepOfRing(n: number, size: number): number {
  return ringSync.sync((n + 1) % size, size);
});

/** What a call of `partitions` blocks for, from code that awaits. */
export const asks = memoize(here, async function asks(n: number, _caller: string): Promise<number> {
  await undefined;
  return partitions.sync(n, n);
});

export const failing = memoize(here, function failing(message: string): never {
  throw Object.assign(new RangeError(message), { code: 'E_TEST' });
});

/** How a thrown error looks to a caller that is blocked. */
export const catchesSync = memoize(here, function catchesSync(message: string, _caller: number) {
  try {
    return failing.sync(message);
  } catch (error) {
    const { name, code } = error as RangeError & { code: string };
    return { name, code, message: (error as Error).message, own: error instanceof RangeError };
  }
});

/** The first computation waits at the gate; a second one would not. */
export const suspended = memoize(here, function suspended(gate: string): number | Promise<number> {
  const nth = count(`${gate}:suspended`);
  return nth > 1 ? nth : arrive(gate).then(() => nth);
});

/** The same, but it waits for a computation of another thread. */
export const parked = memoize(here, function parked(gate: string): number | Promise<number> {
  const nth = count(`${gate}:parked`);
  return nth > 1 ? nth : suspended(gate).then(() => nth);
});

/** Blocks its thread for `parked`, when it is told to. */
export const blocksForParked = memoize(here, function blocksForParked(gate: string): number {
  count(`${gate}:ready`);
  while (counted(`${gate}:block`) === 0);
  return parked.sync(gate);
});

/** Blocks its thread for `blocksForParked`. */
export const blocksForThat = memoize(here, function blocksForThat(gate: string): number {
  return blocksForParked.sync(gate);
});

/** Asks for `partitions(n, 1)` without blocking, and then blocks for somebody who wants it too. */
export const asksThenBlocks = memoize(
  here,
  async function asksThenBlocks(gate: string, n: number): Promise<number[]> {
    count(`${gate}:asks`);
    await reaches(`${gate}:wanted`, 1);
    const asked = partitions(n, 1);
    return [wants.sync(gate, n), await asked];
  },
);

/** Wants `partitions(n, 1)` after a while. */
export const wants = memoize(here, async function wants(gate: string, n: number): Promise<number> {
  count(`${gate}:wanted`);
  await reaches(`${gate}:asks`, 1);
  return partitions(n, 1);
});

/** Sleeps in a blocking call until it is told to stop. */
export const hangsBlocked = memoize(here, function hangsBlocked(gate: string): string {
  count(`${gate}:hangs`);
  try {
    suspended.sync(gate);
    return 'answered';
  } catch (error) {
    count(`${gate}:${(error as Error).name}`);
    throw error;
  }
});

/** The thread that has computed it; takes until all of them have begun. */
export const together = memoize(
  here,
  async function together(gate: string, _n: number, all: number): Promise<number> {
    count(`${gate}:together`);
    await reaches(`${gate}:together`, all);
    return threadId;
  },
);

/** All of them at once, in as many threads as there are. */
export const forks = memoize(here, async function forks(gate: string, all: number) {
  const parts = Array.from({ length: all }, (_, n) => together.fork(gate, n, all));
  return { here: threadId, there: await Promise.all(parts) };
});

export const depth = memoize(here, async function depthOf(n: number): Promise<number> {
  if (n === 0) return 0;
  const [a, b] = await Promise.all([depth.fork(n - 1), depth.fork(n - 1)]);
  return 1 + Math.max(a, b);
});

export const square = memoize(here, function square(n: number): number {
  count(`square:${n}`);
  if (n < 0) throw new RangeError(`${n} is negative`);
  return n * n;
});

export const sumOfSquares = memoize(here, async function sumOfSquares(n: number): Promise<number> {
  let sum = 0;
  for await (const each of square.map(Array.from({ length: n }, (_, at) => at))) sum += each;
  return sum;
});

/** Computed inline, and so large that its memory is handed over. */
export const large = memoize(here, function large(bytes: number): Buffer {
  return Buffer.alloc(bytes, 7);
});

export const weighsLarge = memoize(here, function weighsLarge(bytes: number): number {
  return large.sync(bytes).reduce((sum, byte) => sum + byte, 0);
});

export const deep = memoize(here, function depthOfCalls(n: number): number {
  return n === 0 ? 0 : 1 + deep.sync(n - 1);
});

/** Goes on until it is told to stop. */
export const obeys = memoize(here, function obeys(gate: string): void {
  count(`${gate}:obeys`);
  while (!currentSignal().aborted);
  count(`${gate}:told`);
});

export const blocksForObeys = memoize(here, function blocksForObeys(gate: string): void {
  obeys.sync(gate);
});

/** Has something forked, and computes on until that was done. */
export const forksAndGoesOn = memoize(here, async function forksAndGoesOn(gate: string): Promise<
  [number, number]
> {
  const forked = elsewhere.fork(gate);
  while (counted(`${gate}:elsewhere`) === 0);
  return [threadId, await forked];
});

export const elsewhere = memoize(here, function elsewhere(gate: string): number {
  count(`${gate}:elsewhere`);
  return threadId;
});

/** Forks when it has returned long ago, and its thread has been told to rest. */
export const forksLate = memoize(here, function forksLate(gate: string): string {
  setImmediate(() => {
    for (const end = Date.now() + 100; Date.now() < end; );
    void elsewhere.fork(gate);
  });
  return 'returned';
});

/** Which computation it was. */
export const edition = memoize(here, function edition(gate: string): number {
  return count(`${gate}:editions`);
});

/** The same, for a moment only. */
export const shortEdition = memoize(
  here,
  function shortEdition(gate: string): number {
    return count(`${gate}:editions`);
  },
  { ttl: 200 },
);

/** Reads until the value is in its own near cache, and again, in the same turn, once it was forgotten. */
export const readsAcross = memoize(here, function readsAcross(gate: string): number[] {
  const before = [0, 0, 0, 0].map(() => edition.sync(gate));
  count(`${gate}:read`);
  while (counted(`${gate}:forgotten`) === 0);
  return [...before, edition.sync(gate)];
});

/** The same with time that passes. */
export const readsLater = memoize(here, function readsLater(gate: string): number {
  for (let n = 0; n < 4; n++) shortEdition.sync(gate);
  const end = performance.now() + 210;
  while (performance.now() < end);
  const now = counted(`${gate}:editions`);
  return shortEdition.sync(gate) - now;
});
