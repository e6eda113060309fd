/**
 * A recursive problem, as anybody would write it: how many ways are there to write n as a sum of
 * numbers up to k? Each sub-problem also does so much busy work, and asks for two others.
 */
import { countComputation } from './counts.js';
import { spin } from './spin.js';

/** Above every n and k. */
const base = 256;

/**
 * @param {number} n
 * @param {number} k at most n
 * @param {number} cost microseconds of busy work
 * @param {(n: number, k: number, cost: number) => number} ask for a sub-problem
 * @returns {number}
 */
export function partitions(n, k, cost, ask) {
  countComputation(n * base + k);
  const without = k === 2 ? 1 : ask(n, k - 1, cost);
  const rest = n - k;
  const withOne = rest < 2 ? 1 : ask(rest, Math.min(k, rest), cost);
  spin(cost / 1_000);
  return without + withOne;
}

/** One number for a sub-problem: the cheapest key for a `Map`. @type {(n: number, k: number, cost: number) => number} */
export const partitionKey = (n, k, cost) => (cost * base + n) * base + k;
