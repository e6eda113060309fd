/**
 * What does a function that "costs 2 ms" do? It spins until its clock says so: the thread's own CPU
 * clock where Node has one, else the wall clock. Under the wall clock a thread that the system set
 * aside still "computes", so a busy main thread costs less than it would with real work.
 */

/** `process.threadCpuUsage` (Node 23.9 and later) is unknown to the types of Node 20. */
const threadCpuUsage = /** @type {undefined | (() => { user: number, system: number })} */ (
  Reflect.get(process, 'threadCpuUsage')
);

/** Which clock {@link spin} goes by. */
export const spinClock = threadCpuUsage === undefined ? 'wall clock' : 'thread CPU clock';

/** @returns {number} milliseconds */
function now() {
  if (threadCpuUsage === undefined) return performance.now();
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Keeps this thread busy.
 * @param {number} ms
 */
export function spin(ms) {
  const end = now() + ms;
  while (now() < end);
}
