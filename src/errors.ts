/**
 * What can go wrong in threadmemo itself: one class a failure, each with a stable `code`.
 *
 * An error that a memoized *function* throws is none of these: it reaches the caller as it was
 * thrown. These classes survive the way between threads, so `instanceof` works on every thread.
 */

/** What a failure is about; every field is there when it is known. */
export interface ErrorDetails {
  readonly cause?: unknown;
  readonly functionId?: string | undefined;
  readonly key?: string | undefined;
  /** Where in a value the failure is, such as `args[0].conn`. */
  readonly path?: string | undefined;
  /** The keys that wait for each other, first and last the same. */
  readonly cycle?: readonly string[] | undefined;
}

/**
 * Characters. The text of an error may come from a value of any size (a property's name is part of a
 * path), and is copied to threads, logs and trackers.
 */
const LONGEST_MESSAGE = 16_384;
const LONGEST_DETAIL = 4096;
/** Of a cycle. */
const MOST_KEYS = 200;

/** The two ends of what is too long. */
function withinBounds(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most / 2 - 3;
  return `${text.slice(0, end)} ... ${text.slice(-end)}`;
}

function detail(value: string | readonly string[]): unknown {
  if (typeof value === 'string') return withinBounds(value, LONGEST_DETAIL);
  const half = MOST_KEYS / 2;
  const keys = value.length > MOST_KEYS ? [...value.slice(0, half), ...value.slice(-half)] : value;
  return keys.map((key) => withinBounds(key, LONGEST_DETAIL));
}

/** The base of all failures of threadmemo's own. */
export class MemoError extends Error {
  static readonly code: string = 'ERR_THREADMEMO';
  readonly code: string;
  /** The function id that the failure is about. */
  declare readonly functionId?: string;
  /** The key that the failure is about. */
  declare readonly key?: string;
  /** Where in the arguments or the result the failure is: `args[0].conn`, `result.socket`. */
  declare readonly path?: string;
  /** The keys that wait for each other, first and last the same. */
  declare readonly cycle?: readonly string[];

  /**
   * @param message what has failed, and what to do; its middle is left out beyond 16,384 characters
   * @param details what the failure is about
   */
  constructor(message: string, { cause, ...details }: ErrorDetails = {}) {
    super(withinBounds(message, LONGEST_MESSAGE), cause === undefined ? undefined : { cause });
    const { code } = new.target;
    this.code = code;
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true });
    for (const [name, value] of Object.entries(details)) {
      if (value === undefined) continue;
      Object.defineProperty(this, name, { value: detail(value), enumerable: true });
    }
  }
}

/**
 * A thread may have two copies of this package (under tsx it has): an error that one of them has
 * made is an instance of the other's class with its code, too.
 */
const KIND = Symbol.for('threadmemo:error:1');
Object.defineProperty(MemoError.prototype, KIND, { value: true });
Object.defineProperty(MemoError, Symbol.hasInstance, {
  value(this: typeof MemoError, value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (!(value instanceof Error) || !(KIND in value)) return false;
    const isOurs = Object.hasOwn(this, 'code');
    return isOurs && (this === MemoError || Reflect.get(value, 'code') === this.code);
  },
});

/** The arguments cannot make a key, because they could not cross to another thread faithfully. */
export class KeyError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_KEY';
}

/** The result cannot be kept, because it could not cross to another thread faithfully. */
export class ValueError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_VALUE';
}

/** Computations wait for each other in a circle; `cycle` has the keys. */
export class CycleError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_CYCLE';
}

/** The threads that computed this died, as often as is tried. */
export class WorkerLostError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_WORKER_LOST';
}

/**
 * The call's own `timeout` has passed, and the computation goes on if another caller waits for it; or the
 * computation took longer than its function's `hardTimeout`.
 */
export class TimeoutError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_TIMEOUT';
}

/** The pool was closed before the call was answered. */
export class PoolClosedError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_POOL_CLOSED';
}

/** A pool is open already; there is one at a time. */
export class PoolOpenError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_POOL_OPEN';
}

/** `maxQueue` computations wait already. */
export class QueueFullError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_QUEUE_FULL';
}

/**
 * A worker thread could not load the function's module, or the module does not define it. A thread
 * whose import has failed cannot repeat it: later calls have it replaced, ever more rarely while the
 * module fails in the new threads too.
 */
export class LoadError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_LOAD';
}

/** This cannot be done on this thread. */
export class ThreadError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_THREAD';
}

/** Two functions of one module have the same name. */
export class DuplicateNameError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_DUPLICATE_NAME';
}

/** An optional package that this needs is not installed, or does not run here. */
export class MissingPackageError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_MISSING_PACKAGE';
}

/** The directory of a disk tier cannot be used: no directory, not writable, no room, closed. */
export class DiskAccessError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_DISK_ACCESS';
}

/** What is in the directory is damaged, or was not made by threadmemo. It was left as it is. */
export class DiskFormatError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_DISK_FORMAT';
}

/** What is in the directory was made by a newer threadmemo. It was left as it is. */
export class DiskVersionError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_DISK_VERSION';
}

/** Redis does not answer in time, or cannot be reached; or its tier was closed. */
export class RedisAccessError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_REDIS_ACCESS';
}

/** The store behind a tier does not answer in time, or not at all; or its tier was closed. */
export class TierAccessError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_TIER_ACCESS';
}

/** It cannot be determined which code a function reaches, so its results are in no persistent tier. */
export class FingerprintError extends MemoError {
  static override readonly code = 'ERR_THREADMEMO_FINGERPRINT';
}

const classes = [
  KeyError,
  ValueError,
  CycleError,
  WorkerLostError,
  TimeoutError,
  PoolClosedError,
  PoolOpenError,
  QueueFullError,
  LoadError,
  ThreadError,
  DuplicateNameError,
  MissingPackageError,
  DiskAccessError,
  DiskFormatError,
  DiskVersionError,
  RedisAccessError,
  TierAccessError,
  FingerprintError,
];

/** The class with this stable code; {@link MemoError} when a newer version has sent one we don't know. */
export function memoErrorClass(code: string): typeof MemoError {
  return classes.find((each) => each.code === code) ?? MemoError;
}

/** An option is wrong: which, its value, and what would be right. */
export class OptionError extends TypeError {
  readonly code = 'ERR_THREADMEMO_OPTION';
  /** The function whose option it is, where that is known. */
  declare readonly functionId?: string;

  constructor(message: string, { functionId }: Pick<ErrorDetails, 'functionId'> = {}) {
    super(message);
    Object.defineProperty(this, 'name', { value: 'OptionError', configurable: true });
    if (functionId === undefined) return;
    Object.defineProperty(this, 'functionId', { value: functionId, enumerable: true });
  }
}

/**
 * The same failure, with the function that it is about: where something is refused it is not known what
 * for. What is no such failure, or says already what it is about, is returned as it is.
 */
export function about(functionId: string, failure: unknown, key?: string): unknown {
  const isRefusal =
    failure instanceof KeyError || failure instanceof ValueError || failure instanceof OptionError;
  if (!isRefusal || failure.functionId !== undefined) return failure;
  const { message } = failure;
  if (failure instanceof OptionError) return new OptionError(message, { functionId });
  const { path } = failure;
  if (failure instanceof KeyError) return new KeyError(message, { functionId, path });
  return new ValueError(`${functionId}: ${message}`, { functionId, key, path });
}
