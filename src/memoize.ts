/** What a user wraps a function with. The same on every thread; where it runs is the side's matter. */

import { keepToItself } from './belonging.ts';
import { ThreadError } from './errors.ts';
import { canonicalKey, canonicalKeyOf } from './keys/canonical.ts';
import { openPool } from './main/pool.ts';
import { type Inputs, mapInOrder } from './map.ts';
import { MISS } from './near/function-reads.ts';
import {
  type AnyFunction,
  type CallOptions,
  checkInputs,
  type MapOptions,
  type MemoizeOptions,
  type ResolvedCallOptions,
  resolveCallOptions,
  resolveMapOptions,
  resolveMemoizeOptions,
} from './options.ts';
import type { FunctionStats } from './protocol.ts';
import { type Definition, keyOf, register } from './registry.ts';
import { installedSide, type Side } from './side.ts';
import { sideHere } from './thread/joining.ts';

/**
 * The function's own signature with a `Promise` of its result. An asynchronous function keeps its
 * type parameters and overloads; a synchronous one keeps up to four overloads, and loses type
 * parameters, because TypeScript cannot map over them.
 */
export type Promised<Fn extends AnyFunction> = Fn extends (...args: never) => Promise<unknown>
  ? Fn
  : Overloads<Fn>;

type Overloads<Fn> = Fn extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
}
  ? AsPromise<A1, R1> & AsPromise<A2, R2> & AsPromise<A3, R3> & AsPromise<A4, R4>
  : never;

/** Where a function has fewer overloads, TypeScript fills in `(...args: unknown[]) => unknown`. */
type AsPromise<Args extends unknown[], Result> = unknown[] extends Args
  ? unknown extends Result
    ? unknown
    : (...args: Args) => Promise<Awaited<Result>>
  : (...args: Args) => Promise<Awaited<Result>>;

/** The function's own signature with the awaited result; overloads as in {@link Promised}. */
export type Synchronous<Fn extends AnyFunction> = Fn extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
}
  ? AsValue<A1, R1> & AsValue<A2, R2> & AsValue<A3, R3> & AsValue<A4, R4>
  : never;

type AsValue<Args extends unknown[], Result> = unknown[] extends Args
  ? unknown extends Result
    ? unknown
    : (...args: Args) => Awaited<Result>
  : (...args: Args) => Awaited<Result>;

/** What `memoize` returns: the function, and what can be asked about its cache. */
export type Memoized<Fn extends AnyFunction = AnyFunction> = Promised<Fn> & MemoizedMembers<Fn>;

export interface MemoizedMembers<Fn extends AnyFunction> {
  /**
   * The cached value, or `undefined`. Looks into memory, and into tiers that can tell at once, as the
   * disk can once the function's code is known. Computes nothing and counts nothing, and opens no
   * pool: there is nothing before one is open. @throws {KeyError}
   */
  peek(...args: Parameters<Fn>): Awaited<ReturnType<Fn>> | undefined;
  /** Whether {@link peek} has a value; tells a cached `undefined` from none. @throws {KeyError} */
  has(...args: Parameters<Fn>): boolean;
  /**
   * The value, blocking the thread until it is there; throws what the call would be rejected with.
   * In the pool's threads only, that is in code that a memoized function runs, and in threads that
   * were attached (`pool.attach`). For functions that
   * are not asynchronous, unless their value is cached or being computed elsewhere.
   * @throws {KeyError} @throws {ThreadError} on any other thread
   */
  readonly sync: Synchronous<Fn>;
  /**
   * Like a call, but computed by whichever of the pool's threads is free, and not by the calling
   * one: `await Promise.all(parts.map((part) => f.fork(part)))` inside a memoized function uses all
   * threads, and its own waits for no other. On other threads there is no difference.
   */
  readonly fork: Promised<Fn>;
  /**
   * The results for many inputs, each the function's one argument, in their order: computed by all
   * threads (see `fork`), with so many calls at once as `concurrency` says. Inputs are read only as
   * results are taken. Stops at the first call that fails.
   * @throws {OptionError}
   * @example
   * for await (const page of render.map(documents)) await save(page);
   */
  map(
    inputs: Inputs<Parameters<Fn>[0]>,
    options?: MapOptions,
  ): AsyncGenerator<Awaited<ReturnType<Fn>>, void, undefined>;
  /** The same function with options for its calls. @throws {OptionError} */
  with(options: CallOptions): Promised<Fn>;
  /**
   * Forgets one entry. What is being computed for it still answers those who asked before, and is
   * not kept; whoever asks afterwards gets a new computation. In memory this has happened when the
   * call returns (in a worker thread: when the promise settles), in tiers when the promise settles.
   */
  invalidate(...args: Parameters<Fn>): Promise<void>;
  /** Forgets all entries of this function, like `invalidate` does one. */
  clear(): Promise<void>;
  /** What has happened to this function's calls on all threads, since the pool was opened. */
  stats(): FunctionStats;
  /** The key of these arguments. @throws {KeyError} */
  key(...args: Parameters<Fn>): string;
  /** The function that was memoized. */
  readonly original: Fn;
  /** The options as given. */
  readonly options: MemoizeOptions<Fn>;
  /** Its name everywhere: package-relative module path, `#`, name, and version. */
  readonly id: string;
}

const NO_LIMITS: ResolvedCallOptions = { signal: undefined, timeout: undefined, refresh: false };

/**
 * Memoizes `fn` for all threads: a call computes at most once, in a worker thread, and every thread
 * shares the answer. Call it at the top level of a module, which worker threads load too.
 *
 * Arguments and results cross between threads as copies, and so must be what structured clone
 * carries faithfully: plain objects, arrays, maps, sets, dates, typed arrays, `Buffer`s, errors.
 *
 * @param module `import.meta.url` or `import.meta` of the module that calls this.
 * @param fn a function whose result depends on its arguments only, or on what `key` says.
 * @throws {OptionError} for a wrong option. @throws {DuplicateNameError} for a name used twice.
 * @example
 * export const render = memoize(import.meta.url, function render(markdown: string): string {
 *   return expensive(markdown);
 * }, { ttl: '10m' });
 */
export function memoize<Fn extends AnyFunction>(
  module: string | ImportMeta,
  fn: Fn,
  options: MemoizeOptions<Fn> = {},
): Memoized<Fn> {
  return callable(define(module, fn, options as MemoizeOptions), fn, options);
}

/**
 * Memoizes what a module exports and does not memoize itself, in this thread and in all others.
 * @param module its URL
 * @throws {DuplicateNameError} when it memoizes another function by this name.
 */
export function memoizeExport(module: string, fn: AnyFunction, exportName: string): Memoized {
  const options = { name: exportName };
  return callable(define(module, fn, options, exportName), fn, options);
}

function callable<Fn extends AnyFunction>(
  definition: Definition,
  fn: Fn,
  options: MemoizeOptions<Fn>,
): Memoized<Fn> {
  const call = (args: unknown[], limits: ResolvedCallOptions) =>
    run('call', definition, args, limits);
  const syncAny = (...args: unknown[]) => runSync(definition, args);
  const peek = (args: unknown[]) => sideHere()?.peek(definition, args);
  const members = {
    peek: (...args: unknown[]) => peek(args)?.value,
    has: (...args: unknown[]) => peek(args) !== undefined,
    // Where `args` is only looked into and spread, a hit does not make the array.
    sync(...args: unknown[]) {
      const { reads } = definition;
      const hit = reads !== undefined && args.length === 1 ? reads.hitOne(args[0]) : MISS;
      return hit === MISS ? syncAny(...args) : hit;
    },
    fork: (...args: unknown[]) => run('fork', definition, args, NO_LIMITS),
    map(inputs: Inputs<unknown>, options: MapOptions = {}) {
      const fork = (input: unknown, signal: AbortSignal) =>
        run('fork', definition, [input], { ...NO_LIMITS, signal });
      return mapInOrder(checkInputs(inputs), fork, resolveMapOptions(options));
    },
    with(limits: CallOptions) {
      const resolved = resolveCallOptions(limits);
      return (...args: unknown[]) => call(args, resolved);
    },
    invalidate: async (...args: unknown[]) => side().invalidate(definition, args),
    clear: async () => side().clear(definition),
    stats: () => side().stats(definition),
    key: (...args: unknown[]) => keyOf(definition.info.id, definition.argsKey(args)),
    original: fn,
    options,
    id: definition.info.id,
  };
  return Object.assign(
    named(definition.options.name, (args) => call(args, NO_LIMITS)),
    members,
  ) as unknown as Memoized<Fn>;
}

/**
 * The call under another name: one that the function has from the start, because to redefine it
 * would make each use of the function's members slower.
 */
function named(name: string, call: (args: unknown[]) => unknown) {
  return { [name]: (...args: unknown[]) => call(args) }[name] as (...args: unknown[]) => unknown;
}

/** The side of this thread; the first use opens the default pool. */
function side(): Side {
  const here = sideHere();
  if (here) return here;
  // It may have been attached at this very moment.
  if (keepToItself()) openPool({});
  return sideHere() as Side;
}

/** Not an async function: a hit should cost one promise. */
function run(
  how: 'call' | 'fork',
  definition: Definition,
  args: unknown[],
  limits: ResolvedCallOptions,
): Promise<unknown> {
  try {
    return side()[how](definition, args, limits);
  } catch (error) {
    return Promise.reject(error);
  }
}

function runSync(definition: Definition, args: unknown[]): unknown {
  const here = sideHere();
  if (here?.sync) return here.sync(definition, args);
  const { id } = definition.info;
  throw new ThreadError(
    `sync() of ${id} was called on a thread that belongs to no pool: it would block the thread that ` +
      'answers it. Await the call instead; sync() is for code that runs inside memoized functions.',
    { functionId: id },
  );
}

function define(
  module: string | ImportMeta,
  fn: AnyFunction,
  options: MemoizeOptions,
  exportName?: string,
): Definition {
  const resolved = resolveMemoizeOptions(fn, options);
  const { key } = resolved;
  const argsKey = (args: readonly unknown[]) =>
    key ? canonicalKeyOf(key(...args), 'key(...)') : canonicalKey(args);
  const { definition, again } = register(module, fn, resolved, argsKey, exportName);
  const installed = installedSide();
  if (again && installed && !installed.inPool) void installed.clear(definition);
  return definition;
}
