/**
 * What do several questions measure with? Callers, each of which waits and then asks the next; a load
 * of which few keys are popular and most are rare; and the one number of many.
 */
import { performance } from 'node:perf_hooks';

/** Of all loads that are drawn. */
export const seed = 20_250_601;

/**
 * @param width callers at a time
 * @param requests what is asked, each once, in this order
 * @returns milliseconds until the last answer
 */
export async function runCallers<Request>(
  width: number,
  requests: Iterable<Request>,
  ask: (request: Request) => Promise<void>,
): Promise<number> {
  const queue = requests[Symbol.iterator]();
  const caller = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await ask(next.value);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, caller));
  return performance.now() - start;
}

/** @throws {Error} when a contestant answered with something else: then its time means nothing */
export function expectAnswer(answer: unknown, expected: number): void {
  if (answer !== expected) throw new Error(`answered ${String(answer)} instead of ${expected}`);
}

export interface ZipfOptions {
  readonly keys: number;
  readonly exponent: number;
  readonly draws: number;
  readonly seed: number;
}

/**
 * Rank r with probability proportional to 1 / r^s.
 * @returns ranks from 0, the most popular first in probability, the same for the same seed
 */
export function drawZipf({ keys, exponent, draws, seed }: ZipfOptions): number[] {
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= keys; rank++) {
    sum += rank ** -exponent;
    cumulative.push(sum);
  }
  const random = mulberry32(seed);
  return Array.from({ length: draws }, () => firstAbove(cumulative, random() * sum));
}

/** Binary search: the index of the first number greater than `limit`. */
function firstAbove(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A small seeded generator of numbers in [0, 1); good enough to draw a load, and nothing else. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where single outliers are the machine's. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (low === undefined || high === undefined) throw new RangeError('no numbers, no median');
  return (low + high) / 2;
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}
