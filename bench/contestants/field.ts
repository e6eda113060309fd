/**
 * Who takes part, and in which order? The one file that names the contestants. They are imported
 * late: their packages are installed by the first run.
 */
import type { Contestant } from './contestant.ts';

const field: Readonly<Record<string, () => Promise<{ readonly contestant: Contestant }>>> = {
  piscina: () => import('./piscina.ts'),
  'p-memoize': () => import('./p-memoize.ts'),
  'lru-in-workers': () => import('./lru-in-workers.ts'),
  bentocache: () => import('./bentocache.ts'),
  'async-cache-dedupe': () => import('./async-cache-dedupe.ts'),
  threadmemo: () => import('./threadmemo.ts'),
  'threadmemo-frozen': () => import('./threadmemo-frozen.ts'),
};

export const contestantNames: readonly string[] = Object.keys(field);

/** @throws {Error} when there is none of that name */
export async function loadContestant(name: string): Promise<Contestant> {
  const load = field[name];
  if (load === undefined) {
    throw new Error(`no contestant is called "${name}"; there are ${contestantNames.join(', ')}`);
  }
  return (await load()).contestant;
}
