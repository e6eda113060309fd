/**
 * What users may set of a memoized function and of its calls; the defaults; and how the value of any
 * option is checked, the pool's and the tiers' too. A wrong option is an {@link OptionError} (a
 * `TypeError`) that names it, its value, and what would be right.
 */

import { parse as parseDuration } from '@lukeed/ms';
import { parse as parseBytes } from 'bytes';
import { OptionError } from './errors.ts';
import type { Freshness, Priority } from './protocol.ts';
import { marksOf } from './tags/tags.ts';
import { shown } from './text/shown.ts';
import { isErrorClass } from './values/error-classes.ts';

type Milliseconds = number;
type Bytes = number;

/** Milliseconds, or text such as `'500ms'`, `'10s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = Milliseconds | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/** Bytes, or text such as `'64kb'`, `'256mb'`, `'2gb'` (powers of 1,024). */
export type Size = Bytes | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/** Any function that can be memoized. */
// biome-ignore lint/suspicious/noExplicitAny: the only type that every function is assignable to
export type AnyFunction = (...args: any[]) => any;

/** What `memoize()` takes beside the module and the function; all of it is optional. */
export interface MemoizeOptions<Fn extends AnyFunction = AnyFunction> {
  /**
   * Unique in its module. Default: the function's own name; that is refused where a bundler may have
   * made it (one or two letters, `work2` beside `work`) and a `version`, or a tier that outlives the
   * process, would have another function of that name find its values.
   */
  readonly name?: string;
  /**
   * Part of the function id: change it when the function's meaning changes. Default: none; then
   * tiers that outlive the process tell old code from new by themselves.
   */
  readonly version?: string;
  /**
   * How long a value is served. A function is called with each value, in the thread that has
   * computed it. Zero: not stored. Default: without limit.
   */
  readonly ttl?: Duration | ((value: Awaited<ReturnType<Fn>>, args: Parameters<Fn>) => Duration);
  /**
   * From 0 to 1: each `ttl` is shortened by a random share of up to this much, so that values which were
   * computed at one moment do not all end at another. It is drawn once for a value, whose end is the
   * same in memory and all tiers. Default: 0.
   */
  readonly jitter?: number;
  /**
   * How long an error that the function throws is an answer like any other: later calls are rejected with
   * a copy of it, and nothing is computed. A function is called with each error, in the thread that has
   * computed, and returns a duration, or `false` for none. Kept in this process's memory only, up to 1,000
   * errors and 1 MiB in all; `peek` and `has` see none, `forceRefresh` takes none, and `invalidate` and
   * `clear` forget them. Errors of threadmemo's own are never kept. Default: not kept.
   */
  readonly cacheErrors?: Duration | ((error: unknown, args: Parameters<Fn>) => Duration | false);
  /**
   * How long a computation may take, from when its function is called. One that takes longer is stopped:
   * its signal aborts, and its thread is replaced if it goes on for a second after that and nothing else
   * in it is wanted. Its callers get a `TimeoutError`, and the next call begins a new computation. What
   * cannot be stopped (with thread `'main'` or `'caller'`, in attached threads, and in a pool without threads)
   * goes on; what it returns is dropped, and `stats().overrun` counts it. Computations that
   * it waits for are left, and go on if another caller waits for them. Default: without limit.
   */
  readonly hardTimeout?: Duration;
  /**
   * How long after its `ttl` a value is still answered, at once, while it is computed again in the
   * background, once for all threads, and with a tier that leases once for all processes. Default: 0.
   */
  readonly staleWhileRevalidate?: Duration;
  /**
   * How long after its `ttl` a value is answered when it cannot be computed again: the function throws, or its
   * thread dies. A call waits for that, unless it has failed within `errorBackoff`. Counts from the end of the
   * `ttl`, as `staleWhileRevalidate` does. Default: 0.
   */
  readonly staleIfError?: Duration;
  /**
   * How long after a failed refresh of an entry this process does not try another. Within the two windows the
   * stale value is answered at once meanwhile; a miss is never put off. Default: 10 s.
   */
  readonly errorBackoff?: Duration;
  /**
   * `true`: a hit shortly before the end of the `ttl` may have the value computed again in the background, so
   * that it does not become stale. The nearer the end, and the longer computing takes, the likelier
   * (XFetch). A number is XFetch's beta: above 1 earlier, below 1 later. Default: `false`.
   */
  readonly refreshAhead?: boolean | number;
  /**
   * A call that waits within `staleIfError` is answered with the stale value after so long, and the computation
   * goes on. In a pool's thread such a call waits for another one, rather than to compute the value itself.
   * Default: it waits for the end.
   */
  readonly softTimeout?: Duration;
  /**
   * Time to idle: what was not used for so long is dead, between 1 and 1.25 times it after its last use; `ttl` and
   * the windows bound it all the same. `peek`, `has` and refreshes are no use. In tiers a value ends so
   * long after it was written, which a process that uses it puts off, at most once in half of it.
   * Default: without limit.
   */
  readonly tti?: Duration;
  /**
   * Most computations of this function at once, in all threads of the process. Further calls wait,
   * those of higher priority first, hold no thread, and count toward `maxQueue`. A call that comes from
   * a computation of this function, directly or through others, counts as part of that one. Where two
   * computations would wait for each other's end, one goes on beyond the limit, and so does a call that
   * blocks the pool's own thread; `stats().overLimit` counts them. Default: no limit.
   */
  readonly concurrency?: number;
  /** Most entries kept of this function. Default: the pool's limits only. */
  readonly max?: number;
  /**
   * The part of the arguments that matters: any value that can be an argument, but not `undefined`,
   * NaN, or a list or record of nothing else, because they distinguish no calls (`null` does for one
   * entry in all). Called on the caller's thread, for every call; it must not change them. They are
   * sent whole all the same, so all of them must be data. Default: all arguments.
   */
  readonly key?: (...args: Parameters<Fn>) => unknown;
  /** Whether to keep a value; called in the thread that has computed it. Default: always. */
  readonly cache?: (value: Awaited<ReturnType<Fn>>, args: Parameters<Fn>) => boolean;
  /**
   * `'copy'` (default): every caller has a value of its own. `'frozen'`: callers of one thread
   * share one deep-frozen object (the bytes of typed arrays cannot be frozen). `'shared'`: for
   * results that are a `Buffer`, a `Uint8Array` or a primitive; all callers in all threads have views
   * of the same memory, which the computing thread copies once. Do not write to it, because
   * every caller would see it. A view stays what it is as long as its caller holds it, whatever becomes
   * of the entry: `maxSize` counts the memory while the entry is kept, and after that it is the
   * callers'. Node's own functions take such a view (files, sockets, `http`, `zlib`, hashes); those of the
   * web do not (`new Response`, `fetch`, `crypto.subtle`), and from Node 24 on the first two send wrong
   * bytes without an error. For them, and as an argument of a memoized function, `Buffer.from(view)`
   * is a copy.
   */
  readonly values?: 'copy' | 'frozen' | 'shared';
  /**
   * Which thread computes. `'pool'` (default): a worker thread; a call made inside a worker runs right
   * there. `'caller'`: the thread that asks, the main thread too, in its caller's asynchronous context:
   * for I/O, and for cheap glue. `'main'`: the thread that has made the pool, whichever thread asks: for what uses
   * something that only that thread has, such as a database handle or a rate limiter. Shared and
   * deduplicated all the same, and arguments and values are copied; `'caller'` and `'main'` functions may
   * be closures over what their thread has. On the main thread a computation begins after its caller has
   * gone on, and should not keep the thread busy: above 50 ms up to its first `await` there is a warning.
   * It cannot be stopped: when no caller waits any more its signal aborts, and what it returns is dropped.
   * With a tier that outlives the process such a function needs a `version`, because what it closes over
   * is no part of its code.
   */
  readonly thread?: 'pool' | 'caller' | 'main';
  /**
   * Classes of errors that arrive as what they are on every thread. Without it, builtin classes do,
   * and classes that the function's module exports; of another class, `name`, `code` and the fields
   * arrive, on the nearest class that does. Constructors are not called, so private fields are not
   * set. Default: none.
   */
  readonly errors?: readonly ErrorClass[];
  /**
   * By which entries can be forgotten together, see `invalidateTags`. A function is called with each
   * value, in the thread that has computed it, and says which tags its entry has. At most 128 an entry,
   * of 256 characters each (UTF-16 units); any text, and no two of them are ever mixed up. Default: none.
   * @example
   * { tags: (page, [id]) => [`page:${id}`, ...page.authors.map((author) => `author:${author}`)] }
   */
  readonly tags?:
    | readonly string[]
    | ((value: Awaited<ReturnType<Fn>>, args: Parameters<Fn>) => readonly string[]);
  /**
   * `true`: an entry depends on the memoized values that its computation has used, hits too, in any thread. When
   * one of those is invalidated, cleared, set, or has its tag invalidated, the entry goes; when one is expired or
   * computed anew by `forceRefresh`, it is stale. It is fresh no longer than they are, and has their tags. Inside
   * such a computation no stale value is answered, unless a refresh has failed. Eviction of a part ends nothing.
   * Of more than 128 parts, the entry depends on all values of their functions. Not kept is what was made of a value
   * that is not kept by its own options, or of an error that was caught and is not cached. Default: `false`.
   */
  readonly track?: boolean;
}

/** Any class of errors. */
// biome-ignore lint/suspicious/noExplicitAny: constructors of any signature
export type ErrorClass = abstract new (...args: any[]) => Error;

/** Options of one call, given through `f.with(...)`. */
export interface CallOptions {
  /** Ends this caller's wait, with the signal's reason; the others' goes on. */
  readonly signal?: AbortSignal;
  /** Ends this caller's wait with a `TimeoutError`. */
  readonly timeout?: Duration;
  /** Do not accept a cached value. Joins a computation that is under way already. */
  readonly forceRefresh?: boolean;
  /**
   * Accept no cached value that was computed longer ago, fresh or stale; it is computed again then. Joins a
   * computation that is under way already. Default: any that the function's options allow.
   */
  readonly maxAge?: Duration;
  /**
   * Which of the computations that wait for a thread is begun first, and so of those that wait for
   * `concurrency`. A computation has the highest priority of the calls that wait for it; so has what it
   * calls, and whatever it waits for. One that goes on is not interrupted. At least every eighth
   * computation that is begun is one of `'low'` priority, if there is any. Default: that of the
   * computation that makes the call, else `'normal'`.
   */
  readonly priority?: Priority;
}

/** How `f.map()` goes over its inputs. */
export interface MapOptions {
  /**
   * Most calls that are open, and results that are not taken yet. Default: 64, which is enough for
   * tiny functions to travel together. Where inputs or results are large there are fewer, so that no
   * more than about 16 MiB are held at a time, but always one a thread.
   */
  readonly concurrency?: number;
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each call that has succeeded, in whatever order they do. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a `map()` has come. */
export interface Progress {
  /** Calls that have succeeded. */
  readonly done: number;
  /** Calls that were begun: inputs read so far. */
  readonly started: number;
}

type FreshnessOption =
  | 'staleWhileRevalidate'
  | 'staleIfError'
  | 'errorBackoff'
  | 'refreshAhead'
  | 'softTimeout'
  | 'tti';

export type ResolvedMemoizeOptions = Required<
  Omit<
    MemoizeOptions,
    'key' | 'cache' | 'ttl' | 'hardTimeout' | 'cacheErrors' | 'tags' | FreshnessOption
  >
> &
  Pick<MemoizeOptions, 'key' | 'cache'> & {
    /** The name is the function's own. */
    readonly isNameInferred: boolean;
    readonly ttl: Milliseconds | Exclude<MemoizeOptions['ttl'], Duration | undefined>;
    readonly hardTimeout: Milliseconds;
    readonly cacheErrors:
      | Milliseconds
      | Extract<MemoizeOptions['cacheErrors'], AnyFunction>
      | undefined;
    /** Marks, see `tags/tags.ts`; or what returns tags. */
    readonly tags: readonly string[] | Extract<MemoizeOptions['tags'], AnyFunction> | undefined;
    /** `undefined` where a value has one end, at a known distance from its beginning, or none. */
    readonly freshness: Freshness | undefined;
  };

export interface ResolvedCallOptions {
  readonly signal: AbortSignal | undefined;
  /** `undefined`: no limit. */
  readonly timeout: Milliseconds | undefined;
  readonly refresh: boolean;
  /** `undefined`: any. */
  readonly maxAge: Milliseconds | undefined;
  /** `undefined`: that of the computation that makes the call. */
  readonly priority: Priority | undefined;
}

export interface ResolvedMapOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: MapOptions['onProgress'];
}

const NAME =
  'a text. An anonymous function needs one, and so does a named one that goes through a bundler, ' +
  'because minifiers take the names of functions away';

/** It is part of every key, message and error. */
const LONGEST_NAME = 1000;

/** @throws {OptionError} */
export function resolveMemoizeOptions(
  fn: AnyFunction,
  options: MemoizeOptions,
): ResolvedMemoizeOptions {
  if (typeof fn !== 'function') throw wrong('fn', fn, 'a function');
  refuseUnknown(options, 'memoize', [
    'name',
    'version',
    'ttl',
    'jitter',
    'hardTimeout',
    'staleWhileRevalidate',
    'staleIfError',
    'errorBackoff',
    'refreshAhead',
    'softTimeout',
    'tti',
    'cacheErrors',
    'track',
    'max',
    'concurrency',
    'key',
    'cache',
    'values',
    'thread',
    'errors',
    'tags',
  ]);
  const { name = fn.name } = options;
  if (typeof name !== 'string' || name === '') {
    throw wrong('name', name, NAME);
  }
  const { ttl = Number.POSITIVE_INFINITY, version = '', values = 'copy', key, cache } = options;
  const { cacheErrors } = options;
  const { thread = 'pool', tags } = options;
  if (typeof version !== 'string') throw wrong('version', version, 'a text');
  for (const [option, text] of Object.entries({ name, version })) {
    if (text.length > LONGEST_NAME) throw wrong(option, text, `at most ${LONGEST_NAME} characters`);
  }
  const lasting = typeof ttl === 'function' ? ttl : milliseconds('ttl', ttl);
  const jitter = share('jitter', options.jitter, 0);
  if (!['copy', 'frozen', 'shared'].includes(values)) {
    throw wrong('values', values, "'copy', 'frozen' or 'shared'");
  }
  if (!['pool', 'caller', 'main'].includes(thread)) {
    throw wrong('thread', thread, "'pool', 'caller' or 'main'");
  }
  return {
    name,
    isNameInferred: options.name === undefined,
    version,
    hardTimeout: limit('hardTimeout', options.hardTimeout),
    ttl: lasting,
    jitter,
    freshness: freshnessOf(options, lasting, jitter),
    track: track(options.track),
    cacheErrors:
      cacheErrors === undefined || typeof cacheErrors === 'function'
        ? cacheErrors
        : milliseconds('cacheErrors', cacheErrors),
    max: count('max', options.max, Number.POSITIVE_INFINITY),
    concurrency: count('concurrency', options.concurrency, Number.POSITIVE_INFINITY, { least: 1 }),
    values,
    thread,
    errors: errorClasses(options.errors === undefined ? [] : options.errors),
    tags: tags === undefined || typeof tags === 'function' ? tags : marksOf('tags', tags),
    ...(key !== undefined && { key: aFunction('key', key) }),
    ...(cache !== undefined && { cache: aFunction('cache', cache) }),
  };
}

const ERROR_BACKOFF: Milliseconds = 10_000;

/** @throws {OptionError} */
function freshnessOf(options: MemoizeOptions, ttl: ResolvedMemoizeOptions['ttl'], jitter: number) {
  const windowOf = (option: 'staleWhileRevalidate' | 'staleIfError' | 'errorBackoff', ms = 0) =>
    options[option] === undefined ? ms : milliseconds(option, options[option]);
  const staleWhileRevalidate = windowOf('staleWhileRevalidate');
  const staleIfError = windowOf('staleIfError');
  const errorBackoff = windowOf('errorBackoff', ERROR_BACKOFF);
  const refreshAhead = betaOf(options.refreshAhead);
  const { softTimeout } = options;
  const soft = softTimeout !== undefined && {
    softTimeout: milliseconds('softTimeout', softTimeout),
  };
  const idle = limit('tti', options.tti);
  const tti = Number.isFinite(idle) && { tti: idle };
  refuseWindowsOfNothing(ttl, { staleWhileRevalidate, staleIfError });
  if (tti && ttl === 0)
    throw wrong('ttl', ttl, 'more than 0 with tti: a value that is not kept is never idle');
  if (soft && staleWhileRevalidate === 0 && staleIfError === 0) {
    const right = 'given with staleIfError or staleWhileRevalidate: else no stale value is at hand';
    throw wrong('softTimeout', softTimeout, right);
  }
  const isShortened = jitter > 0 && Number.isFinite(ttl);
  const varies = typeof ttl === 'function' || isShortened || options.track === true;
  if (!varies && !tti && staleWhileRevalidate + staleIfError + refreshAhead === 0) return undefined;
  return { staleWhileRevalidate, staleIfError, errorBackoff, refreshAhead, ...soft, ...tti };
}

/** @throws {OptionError} when nothing would ever be in one of them */
export function refuseWindowsOfNothing(ttl: unknown, windows: Record<string, Milliseconds>): void {
  if (ttl !== 0) return;
  for (const [option, ms] of Object.entries(windows)) {
    const right = `more than 0 with ${option}: a value that is not kept is never stale`;
    if (ms > 0) throw wrong('ttl', ttl, right);
  }
}

/** @throws {OptionError} */
function track(value: unknown = false): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong('track', value, 'true or false');
}

/** @throws {OptionError} */
function betaOf(refreshAhead: unknown): number {
  if (refreshAhead === undefined || refreshAhead === false) return 0;
  if (refreshAhead === true) return 1;
  if (typeof refreshAhead === 'number' && refreshAhead > 0 && Number.isFinite(refreshAhead))
    return refreshAhead;
  throw wrong('refreshAhead', refreshAhead, 'true, false, or a number above 0');
}

function errorClasses(classes: readonly ErrorClass[]): readonly ErrorClass[] {
  if (!Array.isArray(classes)) throw wrong('errors', classes, 'an array of classes of errors');
  for (const [at, each] of classes.entries()) {
    if (!isErrorClass(each)) throw wrong(`errors[${at}]`, each, 'a class that extends Error');
  }
  return [...classes];
}

/** @throws {OptionError} */
export function resolveCallOptions(options: CallOptions): ResolvedCallOptions {
  refuseUnknown(options, 'with', ['signal', 'timeout', 'forceRefresh', 'maxAge', 'priority']);
  const { signal, timeout, forceRefresh = false, maxAge, priority } = options;
  checkSignal(signal);
  if (typeof forceRefresh !== 'boolean') throw wrong('forceRefresh', forceRefresh, 'true or false');
  if (priority !== undefined && !['high', 'normal', 'low'].includes(priority)) {
    throw wrong('priority', priority, "'high', 'normal' or 'low'");
  }
  return {
    signal,
    timeout: timeout === undefined ? undefined : milliseconds('timeout', timeout),
    refresh: forceRefresh,
    maxAge: maxAge === undefined ? undefined : milliseconds('maxAge', maxAge),
    priority,
  };
}

/** @throws {OptionError} */
export function resolveMapOptions(options: MapOptions): ResolvedMapOptions {
  refuseUnknown(options, 'map', ['concurrency', 'signal', 'onProgress']);
  const { signal, onProgress } = options;
  checkSignal(signal);
  if (onProgress !== undefined) aFunction('onProgress', onProgress);
  const concurrency = count('concurrency', options.concurrency, 64, { least: 1 });
  return { concurrency, signal, onProgress };
}

/**
 * Milliseconds, not negative, of an option given as {@link Duration}.
 * @throws {OptionError}
 */
export function milliseconds(option: string, value: unknown): Milliseconds {
  const ms = typeof value === 'string' ? (parseDuration(value) ?? zero(value)) : value;
  if (typeof ms === 'number' && ms >= 0) return ms;
  throw wrong(option, value, "milliseconds, or text such as '500ms', '10s', '5m', '1h' or '7d'");
}

/** The parser takes a duration of 0 for none at all. */
function zero(text: string): Milliseconds | undefined {
  const unit = /^(?:0+\.?0*|\.0+)([^.]*)$/.exec(text)?.[1];
  return unit !== undefined && parseDuration(`1${unit}`) !== undefined ? 0 : undefined;
}

/**
 * Bytes, not negative, of an option given as {@link Size}.
 * @throws {OptionError}
 */
export function bytes(option: string, value: unknown): Bytes {
  const isSize = typeof value === 'string' && /^\d+(\.\d+)?(b|kb|mb|gb)$/i.test(value);
  const size = isSize ? parseBytes(value) : value;
  if (typeof size === 'number' && size >= 0) return size;
  throw wrong(option, value, "bytes, or text such as '64kb', '256mb' or '2gb'");
}

/** @throws {OptionError} */
export function count(
  option: string,
  value: unknown,
  ifMissing: number,
  { least = 0, most = Number.POSITIVE_INFINITY } = {},
): number {
  if (value === undefined) return ifMissing;
  const whole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && whole && value >= least && value <= most) return value;
  const upTo = Number.isFinite(most) ? `to ${most}` : 'up';
  throw wrong(option, value, `a whole number from ${least} ${upTo}`);
}

/** Milliseconds. @throws {OptionError} */
function limit(option: string, value: unknown): Milliseconds {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  const ms = milliseconds(option, value);
  if (ms > 0) return ms;
  throw wrong(option, value, 'more than 0; leave it out where there is to be no limit');
}

/** @throws {OptionError} */
function share(option: string, value: unknown, ifMissing: number): number {
  if (value === undefined) return ifMissing;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw wrong(option, value, 'a number from 0 to 1');
}

/** @throws {OptionError} when it cannot be iterated over. */
export function checkInputs<Inputs>(inputs: Inputs): Inputs {
  const iterable = Object(inputs);
  if (Symbol.iterator in iterable || Symbol.asyncIterator in iterable) return inputs;
  throw wrong('the first argument of map', inputs, 'an iterable, or an asynchronous one');
}

/** A copy. @throws {OptionError} */
export function checkArgs(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return [...args];
  throw wrong('the first argument of set', args, 'an array of the arguments: f.set([x, y], value)');
}

function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw wrong('signal', signal, 'an AbortSignal');
}

function aFunction<Fn>(option: string, value: Fn): Fn {
  if (typeof value === 'function') return value;
  throw wrong(option, value, 'a function');
}

/** A misspelt option would be a silent default. @throws {OptionError} */
export function refuseUnknown(options: object, where: string, known: string[], prefix = ''): void {
  if (typeof options !== 'object' || options === null) {
    throw wrong(`the options of ${where}`, options, 'an object');
  }
  const unknown = Object.keys(options).find((each) => !known.includes(each));
  if (unknown === undefined) return;
  throw new OptionError(
    `${where} has no option ${shown(prefix + unknown)}; it has ${known.map((each) => prefix + each).join(', ')}`,
  );
}

/** The error to throw for an option. */
export function wrong(option: string, value: unknown, right: string): OptionError {
  return new OptionError(`${option} is ${shown(value)}; it must be ${right}`);
}
