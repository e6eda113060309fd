/**
 * How long does one hit take? The same two loops for every contestant on the main thread: read the same cached value until the time is up, looking at the clock every 50 reads.
 */

const batch = 50;

/**
 * Where read values go, so that no read is without effect.
 * @type {{ last: unknown }}
 */
export const sink = { last: undefined };

/**
 * @param {() => unknown} read
 * @param {number} ms
 * @returns {number} nanoseconds a read
 */
export function timeSyncHits(read, ms) {
  sink.last = read();
  const start = performance.now();
  for (let reads = batch; ; reads += batch) {
    for (let i = 0; i < batch; i++) sink.last = read();
    const elapsed = performance.now() - start;
    if (elapsed >= ms) return (elapsed * 1e6) / reads;
  }
}

/**
 * @param {() => Promise<unknown>} read
 * @param {number} ms
 * @returns {Promise<number>} nanoseconds a read
 */
export async function timeHits(read, ms) {
  sink.last = await read();
  const start = performance.now();
  for (let reads = batch; ; reads += batch) {
    for (let i = 0; i < batch; i++) sink.last = await read();
    const elapsed = performance.now() - start;
    if (elapsed >= ms) return (elapsed * 1e6) / reads;
  }
}
