/**
 * One recurrence, computed in four ways that call each other at random: blocking, awaiting, forking,
 * and all of these at once. Every way has the same value for the same number.
 */

import { memoize } from 'threadmemo';
// Says that the thread has loaded this.
import './shared.ts';

const here = import.meta.url;

function mix(n: number, salt: number): number {
  return Math.imul(n * 31 + salt * 17 + 7, 0x9e3779b1) >>> 0;
}

/** What a number's value is made of: up to three smaller numbers. */
function parts(n: number): number[] {
  return [1, 2, 3].map((salt) => mix(n, salt) % n);
}

function combined(n: number, values: readonly number[]): number {
  return values.reduce((sum, value) => (sum + value) % 1_000_003, n);
}

/** The value, by nobody's help. */
export function expected(n: number, known = new Map<number, number>()): number {
  if (n === 0) return 1;
  const value =
    known.get(n) ??
    combined(
      n,
      parts(n).map((part) => expected(part, known)),
    );
  known.set(n, value);
  return value;
}

function work(n: number): void {
  for (let left = (mix(n, 9) % 20) * 1000; left > 0; left--) mix(left, n);
}

const anyOf = (n: number, salt: number) => [forks, awaits, blocks, does][mix(n, salt) % 4];

/** @param run a number of the test's, so that nothing is cached from an earlier one. */
export const blocks = memoize(
  here,
  (n: number, run: number): number => {
    if (n === 0) return 1;
    work(n);
    const other = mix(n, run) % 2 === 0 ? blocks : blocksToo;
    return combined(
      n,
      parts(n).map((part) => other.sync(part, run)),
    );
  },
  { name: 'blocks' },
);

export const blocksToo = memoize(
  here,
  (n: number, run: number): number => {
    if (n === 0) return 1;
    const values = parts(n)
      .reverse()
      .map((part) => blocks.sync(part, run));
    work(n);
    return combined(n, values);
  },
  { name: 'blocksToo' },
);

export const awaits = memoize(
  here,
  async (n: number, run: number): Promise<number> => {
    if (n === 0) return 1;
    work(n);
    return combined(
      n,
      await Promise.all(parts(n).map((part, at) => anyOf(part, at + run)?.(part, run) ?? 0)),
    );
  },
  { name: 'awaits' },
);

export const forks = memoize(
  here,
  async (n: number, run: number): Promise<number> => {
    if (n === 0) return 1;
    return combined(
      n,
      await Promise.all(parts(n).map((part, at) => anyOf(part, at + run)?.fork(part, run) ?? 0)),
    );
  },
  { name: 'forks' },
);

/** Blocks for one part while it has asked for the others. */
export const does = memoize(
  here,
  async (n: number, run: number): Promise<number> => {
    if (n === 0) return 1;
    const [first = 0, second = 0, third = 0] = parts(n);
    const asked = [forks.fork(first, run), awaits(second, run)];
    work(n);
    return combined(n, [blocks.sync(third, run), ...(await Promise.all(asked))]);
  },
  { name: 'does' },
);
