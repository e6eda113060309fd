/**
 * Many calls, one `AbortSignal`: a service's shutdown signal is given to every call, and a listener
 * a call would make each removal walk through all of them. One listener a signal serves them all.
 */

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

function callAll(runs: Set<() => void>): void {
  for (const run of runs) run();
}
