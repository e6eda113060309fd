/**
 * What the build server is asked for: every file several times, popular ones more often, in random
 * order; and the clients that ask at the same time, each waiting for its answer before its next.
 */

import { seededRandom, shuffled } from './random.ts';

export interface Repeats {
  readonly fewest: number;
  readonly most: number;
}

/** The requests in the order in which they are made; the same for the same `items` and `seed`. */
export function requestList<Item>(items: readonly Item[], repeats: Repeats, seed: number): Item[] {
  const random = seededRandom(seed);
  const requests = items.flatMap((item) =>
    new Array<Item>(timesWanted(repeats, random())).fill(item),
  );
  return shuffled(requests, random);
}

/** Squaring the chance skews it: many files are wanted a few times, a few files many times. */
function timesWanted({ fewest, most }: Repeats, chance: number): number {
  return fewest + Math.floor(chance ** 2 * (most - fewest + 1));
}

/** Has `clients` callers work down one list together; ends when the last answer is there. */
export async function workDown<Item>(
  requests: readonly Item[],
  clients: number,
  ask: (item: Item) => Promise<void>,
): Promise<void> {
  const list = requests.values();
  const client = async () => {
    // All clients draw from this one iterator, so every request is made exactly once.
    for (const item of list) await ask(item);
  };
  await Promise.all(Array.from({ length: clients }, client));
}
