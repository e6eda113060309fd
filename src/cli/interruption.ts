/** Ctrl-C, and `kill`: the first ends the work in an orderly way, the second ends the process. */

export type Interrupting = 'SIGINT' | 'SIGTERM';

/** @returns ends the watch */
export function onInterruption(first: (signal: Interrupting) => void): () => void {
  let again = false;
  const heard = (signal: NodeJS.Signals) => {
    if (again) return dieOf(signal);
    again = true;
    first(signal as Interrupting);
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return () => {
    process.off('SIGINT', heard);
    process.off('SIGTERM', heard);
  };
}

/** Not by `process.exit()`, which waits for a write without a reader. */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
