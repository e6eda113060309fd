/** What users may set of the pool, its defaults, and its checks. */

import { availableParallelism } from 'node:os';
import { types } from 'node:util';
import { type ResourceLimits, SHARE_ENV, Worker } from 'node:worker_threads';
import { type Eviction, evictions } from '../eviction/policies.ts';
import {
  bytes,
  count,
  type Duration,
  milliseconds,
  refuseUnknown,
  type Size,
  wrong,
} from '../options.ts';
import type { FakeClock } from '../testing/fake-clock.ts';
import type { FaultPlan } from '../testing/fault-plan.ts';
import type { Faults } from '../testing/faults.ts';
import { isNamespace, LONGEST_NAMESPACE } from '../tiers/namespace.ts';
import type { Tier } from '../tiers/tier.ts';
import { reportPlace } from './report-at-exit.ts';

const MOST_THREADS = 1024;

/** What `createPool()` takes; all of it is optional. */
export interface PoolOptions {
  /**
   * Worker threads. 0: none; everything is computed on the thread that asks, with the same sharing, limits
   * and tiers, for unit tests, debuggers and small deployments. A function still begins after its caller
   * has gone on. `f.sync` works inside of computations, for functions that return no promise and are not
   * being computed already. Default: the environment variable `THREADMEMO_THREADS`, else
   * `os.availableParallelism()`.
   */
  readonly threads?: number;
  /** Most entries. Default: no limit but `maxSize`. */
  readonly max?: number;
  /** Most bytes held: keys, values and bookkeeping. Default: 64 MiB. */
  readonly maxSize?: Size;
  /**
   * Largest entry that is kept, in bytes; what is larger is computed again at every call, counted in
   * `stats().notKept`, and warned of. Default: an eighth of `maxSize`. No entry takes more than about
   * nine tenths of `maxSize`, whatever is said here.
   */
  readonly maxEntrySize?: Size;
  /**
   * Which entries make room for others: by `'cost'` those whose loss costs least computing time a byte,
   * as measured; `'lru'` those whose last use is longest ago. A function's `max` goes by the same.
   * Default: `'cost'`.
   */
  readonly eviction?: Eviction;
  /** Slower stores behind memory, fastest first. Default: none. */
  readonly tiers?: readonly Tier[];
  /**
   * Tells services apart that share a persistent tier: it stands before the id of every function there,
   * and pools with the same one share. Up to 100 letters, digits and `.` `_` `-`. `clear()` forgets
   * nothing of other namespaces; in Redis, memcached and Keyv, functions that this process does not know
   * are left, too. Default: none.
   */
  readonly namespace?: string;
  /**
   * How long a tier may take to answer, also one of your own. One that takes longer counts as failed,
   * and is left out until it answers again. A shorter limit of the tier's own counts. Waiting for what
   * another process computes has no limit. Default: 5 s.
   */
  readonly tierTimeout?: Duration;
  /**
   * Most calls that wait for a thread, or for a slot of a function's `concurrency`; one more fails with `QueueFullError`. What a thread takes at
   * once, or as soon as it has started or is awake, does not wait. Default: no limit.
   */
  readonly maxQueue?: number;
  /**
   * Deaths of threads after which a computation is given up with `WorkerLostError`. Those count that
   * it may have caused. For a minute after the last one, calls of the same key that computations make
   * fail with that error at once; any other call gets as many attempts anew. What has only been in the
   * threads as well starts again, ten times as often. Default: 2.
   */
  readonly attempts?: number;
  /**
   * Remembers of every key what became of its value, and the arguments of recent calls that found nothing,
   * for `f.explain(...)`: up to 4 MiB of the one, and about as much of the other. Default: the environment
   * variable `THREADMEMO_EXPLAIN` is 1.
   */
  readonly explain?: boolean;
  /**
   * The time by which values grow old and calls have had enough, for tests: what `fakeClock()` of
   * `threadmemo/testing` returns. Default: the system's.
   */
  readonly clock?: FakeClock;
  /**
   * What is to go wrong, for tests: what `faults()` of `threadmemo/testing` returns. Default: nothing is.
   */
  readonly faults?: Faults;
  /** What worker threads are started with, as for `new Worker()`. */
  readonly worker?: {
    readonly execArgv?: readonly string[];
    readonly env?: NodeJS.ProcessEnv;
    readonly resourceLimits?: ResourceLimits;
  };
}

/** How `pool.close()` ends what is under way. */
export interface CloseOptions {
  /**
   * How long what is wanted may take to end before the pool closes. Meanwhile calls that computations make
   * are answered, and so are hits; all others are rejected with `PoolClosedError`. Default: 0.
   */
  readonly drain?: Duration;
}

/** Milliseconds. @throws {OptionError} */
export function drainOf(options: CloseOptions): number {
  refuseUnknown(options, 'close', ['drain']);
  const { drain = 0 } = options;
  return milliseconds('drain', drain);
}

export interface ResolvedPoolOptions
  extends Required<
    Omit<PoolOptions, 'maxSize' | 'maxEntrySize' | 'tierTimeout' | 'clock' | 'faults'>
  > {
  readonly faults: FaultPlan | undefined;
  readonly clock: FakeClock | undefined;
  /** Bytes. */
  readonly maxSize: number;
  readonly maxEntrySize: number;
  /** Milliseconds. */
  readonly tierTimeout: number;
  /** From the environment variable `THREADMEMO_REPORT`: see `report-at-exit.ts`. */
  readonly reportPlace: string | undefined;
  /** Every call computes: the environment variable `THREADMEMO_OFF` is 1. */
  readonly off: boolean;
}

/** @throws {OptionError} */
export function resolvePoolOptions(options: PoolOptions): ResolvedPoolOptions {
  refuseUnknown(options, 'createPool', [
    ...[
      'threads',
      'max',
      'maxSize',
      'maxEntrySize',
      'eviction',
      'explain',
      'tiers',
      'namespace',
      'tierTimeout',
    ],
    ...['maxQueue', 'attempts', 'clock', 'faults', 'worker'],
  ]);
  const { tiers = [], worker = {}, threads = threadsOfEnvironment() } = options;
  const { explain = isSetInEnvironment('THREADMEMO_EXPLAIN') } = options;
  const maxSize = bytes('maxSize', options.maxSize === undefined ? '64mb' : options.maxSize);
  const { maxEntrySize = Math.floor(maxSize / 8) } = options;
  if (!Array.isArray(tiers)) throw wrong('tiers', tiers, 'an array of tiers, fastest first');
  for (const [at, tier] of tiers.entries()) checkTier(`tiers[${at}]`, tier);
  if (typeof worker !== 'object' || worker === null) throw wrong('worker', worker, 'an object');
  refuseUnknown(worker, 'createPool', ['execArgv', 'env', 'resourceLimits'], 'worker.');
  const { execArgv = [], env = {} }: { execArgv?: unknown; env?: unknown } = worker;
  if (!Array.isArray(execArgv) || !execArgv.every((each) => typeof each === 'string')) {
    throw wrong('worker.execArgv', execArgv, 'an array of texts');
  }
  if (env !== SHARE_ENV && (typeof env !== 'object' || env === null)) {
    throw wrong('worker.env', env, 'an object, or SHARE_ENV (node:worker_threads)');
  }
  checkResourceLimits(worker.resourceLimits);
  return {
    threads: count('threads', threads, availableParallelism(), { most: MOST_THREADS }),
    max: count('max', options.max, Number.POSITIVE_INFINITY),
    maxSize,
    maxEntrySize: bytes('maxEntrySize', maxEntrySize),
    eviction: evictionOf(options.eviction),
    tiers,
    namespace: namespaceOf(options.namespace),
    tierTimeout: timeLimit('tierTimeout', options.tierTimeout),
    maxQueue: count('maxQueue', options.maxQueue, Number.POSITIVE_INFINITY),
    attempts: count('attempts', options.attempts, 2, { least: 1 }),
    clock: clockOf(options.clock),
    faults: faultsOf(options.faults),
    worker: withHiddenEnv(worker),
    off: isSetInEnvironment('THREADMEMO_OFF'),
    reportPlace: reportPlace(),
    explain: yesOrNo('explain', explain),
  };
}

function yesOrNo(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(option, value, 'true or false');
}

/** @throws {OptionError} that names the variable */
function isSetInEnvironment(name: string): boolean {
  const text = process.env[name] ?? '';
  if (text === '1') return true;
  if (text === '' || text === '0') return false;
  throw wrong(`the environment variable ${name}`, text, '0 or 1');
}

/** @throws {OptionError} that names the variable */
function threadsOfEnvironment(): number | undefined {
  const name = 'THREADMEMO_THREADS';
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const threads = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (threads <= MOST_THREADS) return threads;
  throw wrong(`the environment variable ${name}`, text, `a whole number from 0 to ${MOST_THREADS}`);
}

/** Logs of a pool do not show the environment of its threads, which may have passwords in it. */
function withHiddenEnv(worker: NonNullable<PoolOptions['worker']>) {
  return Object.defineProperty({ ...worker }, 'env', { enumerable: false });
}

const LIMITS = [
  ...['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'],
] as const;

/** Node takes no notice of a misspelt one, or of what is no number. */
function checkResourceLimits(limits: unknown): void {
  if (limits === undefined) return;
  if (typeof limits !== 'object' || limits === null) {
    throw wrong('worker.resourceLimits', limits, 'an object');
  }
  const prefix = 'worker.resourceLimits.';
  refuseUnknown(limits, 'createPool', [...LIMITS], prefix);
  for (const [name, value] of Object.entries(limits)) {
    const isRight = value === undefined || (typeof value === 'number' && value > 0);
    if (!isRight) throw wrong(prefix + name, value, 'a number of megabytes, more than 0');
  }
}

function evictionOf(value: unknown = 'cost'): Eviction {
  if (evictions.some((each) => each === value)) return value as Eviction;
  throw wrong('eviction', value, evictions.map((each) => `'${each}'`).join(' or '));
}

function clockOf(value: unknown): FakeClock | undefined {
  const cells = (value as FakeClock | undefined)?.cells;
  if (value === undefined || types.isSharedArrayBuffer(cells)) return value as undefined;
  throw wrong('clock', value, 'what fakeClock() of threadmemo/testing returns');
}

function faultsOf(value: unknown): FaultPlan | undefined {
  const plan = (value as Faults | undefined)?.plan;
  if (value === undefined || types.isSharedArrayBuffer(plan?.counts)) return plan;
  throw wrong('faults', value, 'what faults() of threadmemo/testing returns');
}

function namespaceOf(value: unknown = ''): string {
  if (typeof value === 'string' && isNamespace(value)) return value;
  const right = `a text of at most ${LONGEST_NAMESPACE} letters, digits, and . _ -`;
  throw wrong('namespace', value, right);
}

function timeLimit(option: string, value: unknown = '5s'): number {
  const ms = milliseconds(option, value);
  if (ms > 0) return ms;
  throw wrong(option, value, 'more than 0 milliseconds');
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
