/** Which keys does a Zipf-distributed load ask for? Rank r with probability proportional to 1 / r^s. */

export interface ZipfOptions {
  readonly keys: number;
  readonly exponent: number;
  readonly draws: number;
  readonly seed: number;
}

/** @returns ranks from 0, the most popular first in probability, the same for the same seed */
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
