/** What users may set of the pool, its defaults, and its checks. */

import { availableParallelism } from 'node:os';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { bytes, count, refuseUnknown, type Size, wrong } from '../options.ts';
import type { Tier } from '../tiers/tier.ts';

export interface PoolOptions {
  /** Worker threads. Default: `os.availableParallelism()`. */
  readonly threads?: number;
  /** Most entries. Default: no limit but `maxSize`. */
  readonly max?: number;
  /** Most bytes held: keys, values and bookkeeping. Default: 64 MiB. */
  readonly maxSize?: Size;
  /** Largest entry that is kept, in bytes. Default: an eighth of `maxSize`. */
  readonly maxEntrySize?: Size;
  /** Slower stores behind memory, fastest first. Default: none. */
  readonly tiers?: readonly Tier[];
  /** Most calls that wait for a thread; one more fails with `QueueFullError`. Default: no limit. */
  readonly maxQueue?: number;
  /** Thread deaths after which a computation is given up with `WorkerLostError`. Default: 2. */
  readonly attempts?: number;
  /** What worker threads are started with, as for `new Worker()`. */
  readonly worker?: {
    readonly execArgv?: readonly string[];
    readonly env?: NodeJS.ProcessEnv;
    readonly resourceLimits?: ResourceLimits;
  };
}

export interface ResolvedPoolOptions
  extends Required<Omit<PoolOptions, 'maxSize' | 'maxEntrySize'>> {
  /** Bytes. */
  readonly maxSize: number;
  readonly maxEntrySize: number;
}

/** @throws {OptionError} */
export function resolvePoolOptions(options: PoolOptions): ResolvedPoolOptions {
  refuseUnknown(options, 'createPool', [
    ...['threads', 'max', 'maxSize', 'maxEntrySize', 'tiers', 'maxQueue', 'attempts', 'worker'],
  ]);
  const { tiers = [], worker = {} } = options;
  const maxSize = bytes('maxSize', options.maxSize ?? '64mb');
  if (!Array.isArray(tiers)) throw wrong('tiers', tiers, 'an array of tiers, fastest first');
  for (const [at, tier] of tiers.entries()) checkTier(`tiers[${at}]`, tier);
  if (typeof worker !== 'object' || worker === null) throw wrong('worker', worker, 'an object');
  refuseUnknown(worker, 'createPool', ['execArgv', 'env', 'resourceLimits'], 'worker.');
  if (worker.execArgv !== undefined && !Array.isArray(worker.execArgv)) {
    throw wrong('worker.execArgv', worker.execArgv, 'an array of texts');
  }
  return {
    threads: count('threads', options.threads, availableParallelism(), { least: 1, most: 1024 }),
    max: count('max', options.max, Number.POSITIVE_INFINITY),
    maxSize,
    maxEntrySize: bytes('maxEntrySize', options.maxEntrySize ?? Math.floor(maxSize / 8)),
    tiers,
    maxQueue: count('maxQueue', options.maxQueue, Number.POSITIVE_INFINITY),
    attempts: count('attempts', options.attempts, 2, { least: 1 }),
    worker,
  };
}

function checkTier(option: string, tier: Tier): void {
  const methods = ['get', 'set', 'delete', 'clear', 'close'] as const;
  if (methods.every((method) => typeof tier?.[method] === 'function')) return;
  throw wrong(option, tier, `a tier, with the methods ${methods.join(', ')}`);
}

/** @throws {OptionError} */
export function checkWorker(worker: unknown): void {
  if (worker instanceof Worker) return;
  throw wrong('the argument of attach', worker, 'a Worker (node:worker_threads)');
}
