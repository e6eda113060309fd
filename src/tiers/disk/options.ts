/** What users may set of a disk tier, its defaults, and its checks. */

import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bytes,
  count,
  type Duration,
  milliseconds,
  refuseUnknown,
  type Size,
  wrong,
} from '../../options.ts';

/** What a disk tier keeps within; the entries that were not used for the longest time go first. */
export interface DiskLimits {
  /**
   * Most bytes in use: keys, values and bookkeeping, in whole pages of the file. The file itself
   * may be larger, because it does not shrink: room that becomes free is used again. Default: no
   * limit.
   */
  readonly maxSize?: Size;
  /** Most entries. Default: no limit. */
  readonly maxEntries?: number;
  /** How long an entry is kept after it was stored, used or not. Default: no limit. */
  readonly maxAge?: Duration;
}

export interface DiskTierOptions extends DiskLimits {
  /**
   * A directory of the tier's own, or a URL of it; made when it does not exist, for this user alone
   * (mode 700). One that other users own or may write to is refused.
   */
  readonly path: string | URL;
}

export interface ResolvedLimits {
  readonly maxSize: number;
  readonly maxEntries: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

export interface ResolvedDiskTierOptions extends ResolvedLimits {
  readonly path: string;
}

const limits = ['maxSize', 'maxEntries', 'maxAge'];

/** @throws {OptionError} */
export function resolveDiskTierOptions(options: DiskTierOptions): ResolvedDiskTierOptions {
  refuseUnknown(options, 'diskTier', ['path', ...limits]);
  return { path: directory(options.path), ...resolved(options) };
}

/** @throws {OptionError} */
export function resolveLimits(given: DiskLimits): ResolvedLimits {
  refuseUnknown(given, 'prune', limits);
  return resolved(given);
}

export function stricter(one: ResolvedLimits, other: ResolvedLimits): ResolvedLimits {
  return {
    maxSize: Math.min(one.maxSize, other.maxSize),
    maxEntries: Math.min(one.maxEntries, other.maxEntries),
    maxAge: Math.min(one.maxAge, other.maxAge),
  };
}

function resolved({ maxSize, maxEntries, maxAge }: DiskLimits): ResolvedLimits {
  const none = Number.POSITIVE_INFINITY;
  return {
    maxSize: maxSize === undefined ? none : bytes('maxSize', maxSize),
    maxEntries: count('maxEntries', maxEntries, none),
    maxAge: maxAge === undefined ? none : milliseconds('maxAge', maxAge),
  };
}

function directory(path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) {
    return isAbsolute(path) ? path : resolve(path);
  }
  throw wrong('path', path, 'the path of a directory, or a file: URL of one');
}
