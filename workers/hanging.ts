/** Functions that do not come back, or only when they are told to. */

import { currentSignal, memoize } from 'threadmemo';
import { arrive, count, reaches } from './shared.ts';

const here = import.meta.url;

/** Does not come back the first time, and says how many times it was tried after that. */
export const hangs = memoize(here, function hangs(name: string, how: 'busy' | 'idle'):
  | number
  | Promise<never> {
  const nth = count(`${name}:started`);
  if (nth > 1) return nth;
  if (how === 'idle') return new Promise(() => {});
  for (;;) count(`${name}:turns`);
});

/** Goes away from a nested call that hangs, and waits at the gate; says how often it was begun. */
export const outlives = memoize(
  here,
  async function outlives(gate: string, name: string): Promise<number> {
    const going = new AbortController();
    const nested = hangs
      .with({ signal: going.signal })(name, 'idle')
      .catch(() => undefined);
    await reaches(`${name}:started`, 1);
    going.abort();
    await nested;
    const nth = count(`${gate}:started`);
    await arrive(gate);
    return nth;
  },
);

/** Stops when it is told to, without ever returning to its event loop. */
export const obedient = memoize(here, function obedient(name: string): never {
  count(`${name}:started`);
  for (;;) {
    if (!currentSignal().aborted) continue;
    count(`${name}:stopped`);
    currentSignal().throwIfAborted();
  }
});
