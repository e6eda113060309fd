/** A call's own limits, its signal and its timeout: when the caller stops waiting. */

import type { Clock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { ResolvedCallOptions } from '../options.ts';
import { clearTimeout, setImmediate, setTimeout } from '../runtime/globals.ts';
import { callAll, onAbort } from './abort.ts';

/** Unlike those of `systemClock` they keep the process alive. */
const timersOfCalls: Pick<Clock, 'after'> = {
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** What ends calls whose time is over: of very many at one moment, too. */
const overdue = new Set<() => void>();

/**
 * Calls `gone` once with the reason, when the signal aborts or the time is over. The result ends
 * the watch. A timer of the system's keeps the process alive, because the call is awaited.
 */
export function watchLimits(
  { signal, timeout }: ResolvedCallOptions,
  functionId: string,
  key: string,
  gone: (reason: unknown) => void,
  clock = timersOfCalls,
): () => void {
  const endSignal = signal && onAbort(signal, () => gone(signal.reason));
  const timer = timeout !== undefined && clock.after(timeout, isOver);
  function isOver(): void {
    overdue.add(late);
    if (overdue.size === 1) setImmediate(() => callAll(overdue));
  }
  function late(): void {
    const message = `${functionId} was not answered within ${timeout} ms`;
    gone(new TimeoutError(message, { functionId, key }));
  }
  return () => {
    endSignal?.();
    if (!timer) return;
    timer.cancel();
    overdue.delete(late);
  };
}
