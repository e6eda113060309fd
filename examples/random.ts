/**
 * Chance that comes out the same every time: what the examples draw with it is the same in each run,
 * so that two runs do the same work.
 */

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** The generator known as mulberry32: 32 bits of state, plenty for drawing lots. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in random order (Fisher and Yates): every order is equally likely. */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    const item = result[chosen] as Item;
    result[chosen] = result[last] as Item;
    result[last] = item;
  }
  return result;
}
