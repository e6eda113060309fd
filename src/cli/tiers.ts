/** The tiers that `map` was given: opened, and known to be of use, before anything is computed. */

import { readFileSync } from 'node:fs';
import type { Memoized } from '../api/memoize.ts';
import { definitionOf } from '../call/registry.ts';
import { diskTier } from '../disk.ts';
import { RedisAccessError } from '../errors.ts';
import type { Size } from '../options.ts';
import { Codec } from '../protocol.ts';
import { redisTier } from '../redis.ts';
import { dateNow } from '../runtime/globals.ts';
import type { Tier } from '../tiers/tier.ts';
import { codeVersionOf } from './code-version.ts';
import { Unusable } from './ended.ts';
import { messageOf } from './error-words.ts';
import { WatchedTier } from './watched-tier.ts';

export interface TierOptions {
  /** A directory. */
  readonly cache?: string;
  /** Of the directory. */
  readonly maxSize?: Size;
  /** A URL. */
  readonly redis?: string;
  /** A file that has the URL. */
  readonly redisFile?: string;
}

/** No caller waits for a single result: a server that is busy is better than one that is given up. */
const PATIENCE = { timeout: '5s', connectTimeout: '5s' } as const;

/**
 * The disk, which is faster, before Redis.
 *
 * @throws {MemoError} when the directory cannot be used. @throws {OptionError} for a wrong URL.
 * @throws {Unusable} when Redis does not answer, or when the function's code version cannot be determined, so that
 * nothing would be stored: in a service that is a warning; here the user waits for the cache to be
 * filled, or for other machines' share of the work.
 */
export async function openTiers(
  options: TierOptions,
  fn: Memoized,
): Promise<readonly WatchedTier[]> {
  const { cache, maxSize } = options;
  const redis = redisUrl(options);
  if (maxSize !== undefined && cache === undefined) {
    throw new Unusable(
      '--max-size is the size of the cache on disk: give --cache <dir>, too. ' +
        'Without a cache, --memory says how much is kept',
    );
  }
  const tiers: Tier[] = [];
  try {
    if (cache !== undefined) {
      tiers.push(diskTier({ path: cache, ...(maxSize !== undefined && { maxSize }) }));
    }
    if (redis !== undefined) tiers.push(redisTier({ url: redis, ...PATIENCE }));
    await checkCode(tiers, fn, cache === undefined ? '--redis' : `--cache ${cache}`);
    await checkRedis(tiers, fn);
    return tiers.map((tier) => new WatchedTier(tier));
  } catch (cause) {
    await Promise.all(tiers.map((tier) => tier.close()));
    throw cause;
  }
}

/** Its first line with something in it; from the option itself, or where other users cannot see it. */
export function redisUrl(
  { redis, redisFile }: TierOptions,
  env = process.env['THREADMEMO_REDIS'],
): string | undefined {
  if (redis !== undefined && redisFile !== undefined) {
    throw new Unusable('give --redis or --redis-file, not both');
  }
  if (redisFile === undefined) return redis ?? (env?.trim() || undefined);
  try {
    const [line] = readFileSync(redisFile, 'utf8')
      .replace(/^\uFEFF/, '')
      .trim()
      .split(/\s*\n/);
    if (line) return line;
  } catch (cause) {
    throw new Unusable(`cannot read ${redisFile}: ${messageOf(cause)}`);
  }
  throw new Unusable(`there is no URL in ${redisFile}`);
}

async function checkCode(tiers: readonly Tier[], fn: Memoized, option: string): Promise<void> {
  const info = definitionOf(fn.id)?.info;
  if (tiers.length === 0 || !info || info.versioned) return;
  const home = tiers.find(({ directory }) => directory !== undefined)?.directory;
  await codeVersionOf(info, home, option);
}

/**
 * It has to take something, too: a replica, or one that is full, answers all the same. Not its URL,
 * which may have a password in it.
 */
async function checkRedis(tiers: readonly Tier[], fn: Memoized): Promise<void> {
  const redis = tiers.find(({ name }) => name === 'redis');
  const nothing = { codec: Codec.undefined, bytes: new Uint8Array() };
  try {
    // No call has this key.
    await redis?.set(fn.id, '', { value: nothing, expiresAt: dateNow() + 1000, ms: 0 });
  } catch (error) {
    const cause = error instanceof RedisAccessError ? (error.cause ?? error) : error;
    throw new Unusable(`--redis cannot be used: ${messageOf(cause)}`);
  }
}
