/** threadmemo, and a Map in a worker, that hold so many small entries from the start. */
import type { Contestant, Field } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openMemoCrew } from './memo-crew.ts';
import { openStoreCrew } from './store-crew.ts';

/** A crew that holds the values of the numbers below `size`. */
export interface SizedCrew extends Crew {
  readonly size: number;
}

/** Calls at a time while a cache is filled. */
const chunk = 5_000;

export function sized(sizes: readonly number[]): Field<SizedCrew> {
  const contestants = [...sizes.map(mapOf), ...sizes.map(threadmemoOf)];
  return Object.fromEntries(contestants.map((it) => [it.name, async () => ({ contestant: it })]));
}

export const threadmemoName = (size: number) => `threadmemo-${size}`;

function mapOf(size: number): Contestant<SizedCrew> {
  return {
    name: `map-${size}`,
    what: `a Map of ${size.toLocaleString('en')} entries in one worker: what the processor's caches do`,
    cannot: {},
    async open() {
      const crew = await openStoreCrew({ threads: 1, store: 'map.js', isShared: false });
      for (let filled = 0; filled < size; filled += chunk) await crew.fillNumbered(filled, chunk);
      return Object.assign(crew, { size });
    },
  };
}

function threadmemoOf(size: number): Contestant<SizedCrew> {
  return {
    name: threadmemoName(size),
    what: `threadmemo with ${size.toLocaleString('en')} entries, read with f.sync(i)`,
    cannot: {},
    async open() {
      const crew = await openMemoCrew(1, 'sync');
      for (let filled = 0; filled < size; filled += chunk) await crew.fillNumbered(filled, chunk);
      return Object.assign(crew, { size });
    },
  };
}
