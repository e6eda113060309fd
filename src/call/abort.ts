/**
 * Many calls, one `AbortSignal`: a service's shutdown signal is given to every call, and a listener
 * a call would make each removal walk through all of them. One listener a signal serves them all.
 */

import { queueMicrotask, setImmediate } from '../runtime/globals.ts';
import { hasHeadroom } from '../runtime/headroom.ts';

/** Calls that end in one turn of the event loop. */
export const AT_ONCE = 500;

const watched = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `run` once when the signal aborts; the result takes that back. Not for aborted signals. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  let runs = watched.get(signal);
  if (!runs) {
    const all = new Set<() => void>();
    signal.addEventListener('abort', () => callAll(all), { once: true });
    watched.set(signal, all);
    runs = all;
  }
  const once = () => run();
  runs.add(once);
  return () => runs.delete(once);
}

/**
 * In several turns of the event loop if there are many. What ends a call must not run out of stack half
 * way, and `abort()` is called on any.
 */
export function callAll(runs: Set<() => void>): void {
  if (!hasHeadroom()) return queueMicrotask(() => callAll(runs));
  let left = AT_ONCE;
  try {
    for (const run of runs) {
      if (left-- === 0) return;
      runs.delete(run);
      run();
    }
  } finally {
    // What one call's end throws is thrown on, and the others end as well.
    if (runs.size > 0) setImmediate(() => callAll(runs));
  }
}
