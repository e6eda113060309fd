/** A small tree of memoized functions for tests that kill threads in the middle of it. */

import { memoize } from 'threadmemo';
import { count } from './shared.ts';

export const LEAVES = 60;
export const BRANCHES = 40;

export const leaf = memoize(import.meta.url, function leaf(n: number): number {
  count('leaf');
  return plainLeaf(n);
});

export const branch = memoize(import.meta.url, async function branch(n: number): Promise<number> {
  const parts = await Promise.all(leavesOf(n).map((each) => leaf(each)));
  return parts.reduce((sum, each) => sum + each, n);
});

export const tree = memoize(import.meta.url, async function tree(n: number): Promise<number> {
  const first = await branch(n % BRANCHES);
  const [second, third] = await Promise.all([branch((n * 7 + 1) % BRANCHES), leaf(n % LEAVES)]);
  return first + second + third + n;
});

function leavesOf(n: number): number[] {
  return [n, n + 1, n * 13].map((each) => each % LEAVES);
}

/** Some hundred microseconds of work, so that kills find something under way. */
function plainLeaf(n: number): number {
  let hash = n;
  for (let round = 0; round < 100_000; round++) hash = (Math.imul(hash, 31) + round) | 0;
  return hash;
}

/** What {@link tree} returns, without any thread. */
export function plainTree(n: number): number {
  const plainBranch = (m: number) => leavesOf(m).reduce((sum, each) => sum + plainLeaf(each), m);
  const second = plainBranch((n * 7 + 1) % BRANCHES);
  return plainBranch(n % BRANCHES) + second + plainLeaf(n % LEAVES) + n;
}
