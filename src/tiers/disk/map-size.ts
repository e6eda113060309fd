/**
 * How many addresses lmdb sets aside for the file: far more than it will have bytes. They take no
 * memory.
 *
 * lmdb begins with few, and when the file outgrows them, maps it again from whichever thread notices.
 * Two threads may notice at once: one that writes, and one that reads what another process has
 * written. Then they end the process with a wild pointer: 8 of 800 processes that filled a new
 * directory together. So it must never come to that.
 */

const BYTES = 2 ** 40;

/**
 * `undefined` for lmdb's own choice, which is where there are not so many. Neither on Windows, where
 * it is not known what they cost.
 * @param limit bytes that the process may address
 */
export function mapSizeFor(platform: string, arch: string, limit: number): number | undefined {
  const isLarge = arch === 'x64' || arch === 'arm64';
  return isLarge && platform !== 'win32' && limit === Number.POSITIVE_INFINITY ? BYTES : undefined;
}
