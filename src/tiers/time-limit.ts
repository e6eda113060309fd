/** How long a store may take to answer. */

import type { Clock } from '../clock.ts';

export class LateError extends Error {}

/**
 * Rejects with a {@link LateError} when it takes longer.
 *
 * A thread that was busy reads what has arrived only after its timers have run: what looks late has
 * two more turns of the event loop.
 */
export function within<T>(ms: number, work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new LateError(`no answer within ${ms} ms`));
    const timer = clock.after(ms, () => clock.soon(() => clock.soon(late)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
