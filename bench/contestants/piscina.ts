/** Bare Piscina: what a call costs that nobody caches. The yardstick wherever something is computed. */

import { Piscina } from 'piscina';
import { plainNode } from '../scenario.ts';
import type { Contestant, FunctionName, Opened, Setup } from './contestant.ts';

export const contestant: Contestant<Opened> = {
  name: 'piscina',
  what: 'Piscina alone; in `stampede` and `zipf` asked each key once, as by a perfect cache',
  cannot: { 'hit main': 'it caches nothing' },
  open: async (setup) => openPiscina(setup),
};

/** The pool that every contestant but threadmemo stands in front of, with the settings of threadmemo's own. */
export function openPiscina({ threads, functions }: Setup): Opened {
  const pool = new Piscina({
    ...plainNode,
    filename: functions.href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    // As threadmemo sets it; it makes Piscina faster.
    recordTiming: false,
  });
  const byName = Object.fromEntries(
    ['addOne', 'cost2ms', 'cost20ms', 'uneven', 'value'].map((name) => [name, { name }]),
  ) as Record<FunctionName, { name: FunctionName }>;
  return {
    cachesNothing: true,
    call: (name, argument) => pool.run(argument, byName[name]),
    close: () => pool.destroy(),
  };
}
