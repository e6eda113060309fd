/** Functions that throw. */

import { memoize } from 'threadmemo';
import { arrive, count } from './shared.ts';

const here = import.meta.url;

export class TeapotError extends Error {
  override name = 'TeapotError';
  readonly code = 'ETEAPOT';
  readonly status = 418;
}

/** Throws what a test asks for, once the gate is open. */
export const fails = memoize(
  here,
  async function fails(gate: string, what: 'error' | 'text' | 'nothing'): Promise<never> {
    const nth = count(`${gate}:started`);
    await arrive(gate);
    if (what === 'text') throw 'just text';
    if (what === 'nothing') throw undefined;
    throw new TeapotError(`no coffee, ${nth}`, { cause: new RangeError('short and stout') });
  },
);

/** What two calls in a worker thread were rejected with; counts `<gate>:asked` like `crowd`. */
export const catches = memoize(here, async function catches(gate: string, _caller: string) {
  const pending = [fails(gate, 'error'), fails(gate, 'error')];
  fails.has(gate, 'error');
  count(`${gate}:asked`);
  const [one, other] = (await Promise.allSettled(pending)).map(
    (each) => (each as PromiseRejectedResult).reason as TeapotError,
  );
  return { error: one, isError: one instanceof Error, isSame: one === other };
});
