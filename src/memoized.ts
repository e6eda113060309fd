/**
 * What a memoized function is to whoever calls it: types only.
 *
 * It is called like the function that was memoized, whose signature must come out whole: its
 * overloads, and as far as TypeScript allows, its type parameters. `test/types/` says what does.
 */

import type { Inputs } from './map.ts';
import type { AnyFunction, CallOptions, MapOptions, MemoizeOptions } from './options.ts';
import type { FunctionStats } from './protocol.ts';

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
