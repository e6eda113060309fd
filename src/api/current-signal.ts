/** How a computation learns that it should stop. */

import { installedSide } from '../call/side.ts';

const never = new AbortController().signal;

/**
 * The signal that tells the memoized function which calls this to stop, because no caller waits for
 * its result any more. A long computation should ask now and then, even one that never returns to
 * its event loop: every call of this looks whether it was told meanwhile. A thread whose computation
 * goes on for a second after it was told is replaced; if something else in it is wanted, not before
 * the thread has read no message for two seconds, and what is wanted starts again elsewhere. On the main
 * thread nothing is replaced. Outside of a computation the signal never aborts.
 * @example
 * for (const part of parts) {
 *   currentSignal().throwIfAborted();
 *   sum += crunch(part);
 * }
 */
export function currentSignal(): AbortSignal {
  return installedSide()?.signal() ?? never;
}
