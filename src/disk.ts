/** `threadmemo/disk`: the public names, nothing else. */

import { refuseTierInPool } from './call/not-in-pool.ts';
import type { DiskTier } from './tiers/disk/contract.ts';
import { openDiskTier } from './tiers/disk/disk-tier.ts';
import type { DiskTierOptions } from './tiers/disk/options.ts';

export {
  DiskAccessError,
  DiskFormatError,
  DiskVersionError,
  MissingPackageError,
} from './errors.ts';
export type {
  DiskStats,
  DiskTier,
  EntryOnDisk,
  FunctionOnDisk,
  Pruned,
  Verified,
} from './tiers/disk/contract.ts';
export type { DiskLimits, DiskTierOptions } from './tiers/disk/options.ts';

/**
 * A tier that keeps results in a directory, beyond the end of the process. Needs the package
 * `lmdb`: `npm install lmdb`. Several processes may use one directory at once; not one on a network
 * file system.
 *
 * What was written survives the end of the process, however it ends; a value is written some
 * milliseconds after its call was answered, and `pool.close()` writes the rest. When the machine
 * itself fails, the last moments may be lost, and nothing else.
 *
 * @example
 * const pool = await createPool({ tiers: [diskTier({ path: '.cache/render', maxSize: '1gb' })] });
 *
 * @throws {OptionError} for a wrong option. @throws {MissingPackageError} without lmdb.
 * @throws {DiskAccessError} {@link DiskFormatError} {@link DiskVersionError} for a directory that
 * cannot be used. @throws {ThreadError} in a thread of a pool.
 */
export function diskTier(options: DiskTierOptions): DiskTier {
  refuseTierInPool('diskTier()', 'the disk');
  return openDiskTier(options);
}
