/**
 * What users may set of a memoized function and of its calls; the defaults; and how the value of any
 * option is checked, the pool's and the tiers' too. A wrong option is an {@link OptionError} (a
 * `TypeError`) that names it, its value, and what would be right.
 */

import { inspect } from 'node:util';
import { parse as parseDuration } from '@lukeed/ms';
import { parse as parseBytes } from 'bytes';
import { OptionError } from './errors.ts';

type Milliseconds = number;
type Bytes = number;

/** Milliseconds, or text such as `'500ms'`, `'10s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = Milliseconds | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/** Bytes, or text such as `'64kb'`, `'256mb'`, `'2gb'` (powers of 1,024). */
export type Size = Bytes | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/** Any function that can be memoized. */
// biome-ignore lint/suspicious/noExplicitAny: the only type that every function is assignable to
export type AnyFunction = (...args: any[]) => any;

export interface MemoizeOptions<Fn extends AnyFunction = AnyFunction> {
  /** Default: the function's own name. Unique in its module. */
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
  /** Most entries kept of this function. Default: the pool's limits only. */
  readonly max?: number;
  /**
   * The part of the arguments that matters: any value that can be an argument. Called on the
   * caller's thread, for every call. Default: all arguments.
   */
  readonly key?: (...args: Parameters<Fn>) => unknown;
  /** Whether to keep a value; called in the thread that has computed it. Default: always. */
  readonly cache?: (value: Awaited<ReturnType<Fn>>, args: Parameters<Fn>) => boolean;
  /**
   * `'copy'` (default): every caller has a value of its own. `'frozen'`: callers of one thread
   * share one deep-frozen object (the bytes of typed arrays cannot be frozen). `'shared'`: for
   * results that are a `Buffer`, a `Uint8Array` or a primitive; all callers in all threads have views
   * of the same memory, which the computing thread copies once. Nobody may write to it, because
   * everybody would see it. A view stays what it is as long as its caller holds it, whatever becomes
   * of the entry: `maxSize` counts the memory while the entry is kept, and after that it is the
   * callers'. As an argument of a memoized function, pass a copy of its bytes.
   */
  readonly values?: 'copy' | 'frozen' | 'shared';
}

/** Options of one call, given through `f.with(...)`. */
export interface CallOptions {
  /** Ends this caller's wait, with the signal's reason; the others' goes on. */
  readonly signal?: AbortSignal;
  /** Ends this caller's wait with a `TimeoutError`. */
  readonly timeout?: Duration;
  /** Do not accept a cached value. Joins a computation that is under way already. */
  readonly forceRefresh?: boolean;
}

export interface MapOptions {
  /**
   * Most calls that are open, and results that are not taken yet. Default: 64, which is enough for
   * tiny functions to travel together.
   */
  readonly concurrency?: number;
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each call that has succeeded, in whatever order they do. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** Calls that have succeeded. */
  readonly done: number;
  /** Calls that were begun: inputs read so far. */
  readonly started: number;
}

export type ResolvedMemoizeOptions = Required<Omit<MemoizeOptions, 'key' | 'cache' | 'ttl'>> &
  Pick<MemoizeOptions, 'key' | 'cache'> & {
    readonly ttl: Milliseconds | Exclude<MemoizeOptions['ttl'], Duration | undefined>;
  };

export interface ResolvedCallOptions {
  readonly signal: AbortSignal | undefined;
  /** `undefined`: no limit. */
  readonly timeout: Milliseconds | undefined;
  readonly refresh: boolean;
}

export interface ResolvedMapOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: MapOptions['onProgress'];
}

/** @throws {OptionError} */
export function resolveMemoizeOptions(
  fn: AnyFunction,
  options: MemoizeOptions,
): ResolvedMemoizeOptions {
  refuseUnknown(options, 'memoize', ['name', 'version', 'ttl', 'max', 'key', 'cache', 'values']);
  if (typeof fn !== 'function') throw wrong('fn', fn, 'a function');
  const name = options.name ?? fn.name;
  if (typeof name !== 'string' || name === '') {
    throw wrong('name', name, 'a text; an anonymous function needs one');
  }
  const { ttl = Number.POSITIVE_INFINITY, version = '', values = 'copy', key, cache } = options;
  if (typeof version !== 'string') throw wrong('version', version, 'a text');
  if (!['copy', 'frozen', 'shared'].includes(values)) {
    throw wrong('values', values, "'copy', 'frozen' or 'shared'");
  }
  return {
    name,
    version,
    ttl: typeof ttl === 'function' ? ttl : milliseconds('ttl', ttl),
    max: count('max', options.max, Number.POSITIVE_INFINITY),
    values,
    ...(key !== undefined && { key: aFunction('key', key) }),
    ...(cache !== undefined && { cache: aFunction('cache', cache) }),
  };
}

/** @throws {OptionError} */
export function resolveCallOptions(options: CallOptions): ResolvedCallOptions {
  refuseUnknown(options, 'with', ['signal', 'timeout', 'forceRefresh']);
  const { signal, timeout, forceRefresh = false } = options;
  checkSignal(signal);
  if (typeof forceRefresh !== 'boolean') throw wrong('forceRefresh', forceRefresh, 'true or false');
  return {
    signal,
    timeout: timeout === undefined ? undefined : milliseconds('timeout', timeout),
    refresh: forceRefresh,
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
  const ms = typeof value === 'string' ? parseDuration(value) : value;
  if (typeof ms === 'number' && ms >= 0) return ms;
  throw wrong(option, value, "milliseconds, or text such as '500ms', '10s', '5m', '1h' or '7d'");
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

/** @throws {OptionError} when it cannot be iterated over. */
export function checkInputs<Inputs>(inputs: Inputs): Inputs {
  const iterable = Object(inputs);
  if (Symbol.iterator in iterable || Symbol.asyncIterator in iterable) return inputs;
  throw wrong('the first argument of map', inputs, 'an iterable, or an asynchronous one');
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
    `${where} has no option '${prefix}${unknown}'; it has ${known.map((each) => prefix + each).join(', ')}`,
  );
}

/** The error to throw for an option. */
export function wrong(option: string, value: unknown, right: string): OptionError {
  const shown = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  return new OptionError(`${option} is ${shown}; it must be ${right}`);
}
