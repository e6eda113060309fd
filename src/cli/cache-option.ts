/** The cache that `map` was given: opened, and known to be of use, before anything is computed. */

import { join } from 'node:path';
import { diskTier } from '../disk.ts';
import { Fingerprints } from '../fingerprint/fingerprint.ts';
import type { Memoized } from '../memoize.ts';
import type { Size } from '../options.ts';
import { definitionOf } from '../registry.ts';
import type { DiskTier } from '../tiers/disk/contract.ts';
import { Unusable, wordsOf } from './ended.ts';

/**
 * @throws {MemoError} when the directory cannot be used.
 * @throws {Unusable} when the function's code cannot be told, so that nothing would be stored: in a
 * service that is a warning; here somebody waits for the cache to be filled.
 */
export async function openCache(
  path: string,
  maxSize: Size | undefined,
  fn: Memoized,
): Promise<DiskTier> {
  const tier = diskTier({ path, ...(maxSize !== undefined && { maxSize }) });
  const info = definitionOf(fn.id)?.info;
  if (!info || info.versioned) return tier;
  const directory = join(tier.directory ?? path, 'fingerprints');
  const fingerprints = new Fingerprints({ directory, startedAt: performance.timeOrigin });
  try {
    await fingerprints.of(info.module);
    return tier;
  } catch (cause) {
    await tier.close();
    throw new Unusable(`--cache ${path} cannot be used: ${wordsOf(cause)}`);
  }
}
