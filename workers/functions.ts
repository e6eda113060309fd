/** Memoized functions that the tests run in worker threads. Each does one thing that matters. */

import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { currentSignal, memoize } from 'threadmemo';
import { arrive, count, lift } from './shared.ts';

const here = import.meta.url;

/** Adds one; its computations are counted. */
export const increment = memoize(here, function increment(n: number, cell?: SharedName): number {
  if (cell) count(cell);
  return n + 1;
});

type SharedName = string;

export const double = memoize(here, async (n: number): Promise<number> => n * 2, {
  name: 'double',
});

export const whereAmI = memoize(here, function whereAmI(_n: number): number {
  return threadId;
});

/** Waits, in its thread's event loop, until the test opens the gate. */
export const gated = memoize(here, async function gated(gate: string, n: number): Promise<number> {
  count(`${gate}:started`);
  await arrive(gate);
  return n * 10;
});

export const echo = memoize(here, function echo(value: unknown): unknown {
  return value;
});

export const makes = memoize(here, function makes(what: string): unknown {
  return things[what]?.();
});

const things: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  zero: () => 0,
  minusZero: () => -0,
  nan: () => Number.NaN,
  empty: () => '',
  false: () => false,
  buffer: () => Buffer.from('bytes'),
  object: () => ({ list: [1, 2, 3], nested: { when: new Date(0) } }),
  function: () => ({ list: [{ run: () => 1 }] }),
  instance: () => ({ socket: new (class Socket {})() }),
};

export class TeapotError extends Error {
  override name = 'TeapotError';
  readonly code = 'ETEAPOT';
  readonly status = 418;
}

export const fails = memoize(here, function fails(gate: string, how: string): number {
  count(gate);
  if (how === 'text') throw 'just text';
  throw new TeapotError(`no coffee: ${how}`, { cause: new RangeError('short and stout') });
});

export const dies = memoize(here, async function dies(how: string, cell: string): Promise<string> {
  count(cell);
  if (how === 'exit') process.exit(3);
  if (how === 'throw')
    setImmediate(() => {
      throw new Error('in a stray timer');
    });
  if (how === 'memory') {
    const hoard: unknown[] = [];
    for (;;) hoard.push(new Array(10_000).fill(hoard.length));
  }
  return delay(60_000, 'survived');
});

/** Dies the first time, and answers the second time. */
export const diesOnce = memoize(here, function diesOnce(cell: string): string {
  if (count(cell) === 1) process.exit(1);
  return 'second time lucky';
});

/** Calls another function, in the same thread unless somebody has it. */
export const outer = memoize(here, async function outer(n: number, cell: string): Promise<number> {
  count(`outer:${cell}`);
  return (await inner(n % 10, cell)) + n;
});

export const inner = memoize(here, function inner(n: number, cell: string): number {
  count(`inner:${cell}`);
  return n * 100;
});

export const fibonacci = memoize(
  here,
  async function fibonacci(n: number, cell: string): Promise<bigint> {
    count(cell);
    if (n < 2) return BigInt(n);
    const [a, b] = await Promise.all([fibonacci(n - 1, cell), fibonacci(n - 2, cell)]);
    return a + b;
  },
);

/** `ping` waits for `pong`, and `pong` for `ping`. */
export const ping = memoize(here, async function ping(n: number): Promise<number> {
  return pong(n);
});
export const pong = memoize(here, async function pong(n: number): Promise<number> {
  return ping(n);
});

/** Stops when it is told to, without ever returning to its event loop. */
export const obedient = memoize(here, function obedient(cell: string): number {
  count(`${cell}:started`);
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (!currentSignal().aborted) continue;
    count(`${cell}:stopped`);
    currentSignal().throwIfAborted();
  }
  return 0;
});

/** Never stops by itself. */
export const stubborn = memoize(here, function stubborn(cell: string): never {
  count(`${cell}:started`);
  for (;;) count(`${cell}:turns`);
});

/** Lets go of a computation without waiting for it. */
export const forgetful = memoize(here, async function forgetful(gate: string): Promise<string> {
  void gated(gate, 7);
  return 'done already';
});

/** What this thread sees of another function's cache. */
export const looksAt = memoize(here, async function looksAt(n: number, _time: number) {
  return { has: increment.has(n), peek: increment.peek(n), misses: increment.stats().misses };
});

export const forgets = memoize(
  here,
  async function forgets(n: number, _time: number): Promise<boolean> {
    await increment.invalidate(n);
    return increment.has(n);
  },
);

export const slowSum = memoize(here, function slowSum(values: Float64Array, _ms: number): number {
  return values.reduce((sum, each) => sum + each, 0);
});

/** Mutates its argument; the caller's own must stay as it was. */
export const mutates = memoize(here, function mutates(list: number[]): number {
  list.push(99);
  return list.length;
});

export const frozen = memoize(here, (n: number) => ({ n, list: [n] }), {
  name: 'frozen',
  values: 'frozen',
});

export const short = memoize(here, (n: number, cell: string) => n + count(cell), {
  name: 'short',
  ttl: '50ms',
});

export const picky = memoize(here, (n: number, cell: string) => n * 10 + count(cell) * 0, {
  name: 'picky',
  cache: (value) => value >= 10,
});

export const atMostThree = memoize(here, (n: number, _cell: string) => n, {
  name: 'atMostThree',
  max: 3,
});

export const byId = memoize(
  here,
  (user: { id: number; seen: number }, cell: string) => user.id + count(cell) * 0,
  {
    name: 'byId',
    key: (user, cell) => [user.id, cell],
  },
);

export const blob = memoize(here, (n: number, bytes: number) => Buffer.alloc(bytes, n), {
  name: 'blob',
});

export const lifts = memoize(here, async function lifts(gate: string): Promise<void> {
  lift(gate);
});
