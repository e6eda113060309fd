/** A call's own limits, its signal and its timeout: when the caller stops waiting. */

import { onAbort } from './abort.ts';
import { TimeoutError } from './errors.ts';
import type { ResolvedCallOptions } from './options.ts';

/**
 * Calls `gone` once with the reason, when the signal aborts or the time is over. The result ends
 * the watch. The timer keeps the process alive: somebody awaits the call.
 */
export function watchLimits(
  { signal, timeout }: ResolvedCallOptions,
  functionId: string,
  key: string,
  gone: (reason: unknown) => void,
): () => void {
  const endSignal = signal && onAbort(signal, () => gone(signal.reason));
  const timer = timeout !== undefined && setTimeout(late, Math.min(timeout, 2 ** 31 - 1));
  function late(): void {
    const message = `${functionId} was not answered within ${timeout} ms`;
    gone(new TimeoutError(message, { functionId, key }));
  }
  return () => {
    endSignal?.();
    if (timer) clearTimeout(timer);
  };
}
