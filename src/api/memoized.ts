/**
 * What a memoized function is to its callers: types only.
 *
 * It is called like the function that was memoized, whose signature must come out whole: its
 * overloads, and as far as TypeScript allows, its type parameters. `test/types/` says what does.
 */

import type { AnyFunction, CallOptions, MapOptions, MemoizeOptions } from '../options.ts';
import type { Explanation, FunctionStats } from '../protocol.ts';
import type { Inputs } from './map.ts';

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

/**
 * Bytes as `values: 'shared'` gives them: views of shared memory, which the web's own functions
 * (`new Response`, `fetch`, `crypto.subtle`) do not take, so that passing one is a type error where
 * their types say so. `Buffer.from(view)` is a copy that they do take.
 */
export type SharedBytes<T> = T extends Buffer
  ? Buffer<SharedArrayBuffer>
  : T extends Uint8Array
    ? Uint8Array<SharedArrayBuffer>
    : T;

/** What calls of such a function give; of overloads the last one counts. */
export type SharedFunction<Fn extends AnyFunction> = (
  ...args: Parameters<Fn>
) => SharedBytes<Awaited<ReturnType<Fn>>>;

/** What `memoize` returns with `values: 'shared'`. */
export type MemoizedShared<Fn extends AnyFunction> = Promised<SharedFunction<Fn>> &
  Omit<MemoizedMembers<SharedFunction<Fn>>, 'original' | 'options' | 'set'> &
  Pick<MemoizedMembers<Fn>, 'original' | 'options' | 'set'>;

/** What `memoize` returns: the function, and what can be asked about its cache. */
export type Memoized<Fn extends AnyFunction = AnyFunction> = Promised<Fn> & MemoizedMembers<Fn>;

/** What every memoized function has beside the call itself. */
export interface MemoizedMembers<Fn extends AnyFunction> {
  /**
   * The cached value, or `undefined`. Looks into memory, and into tiers that can answer at once, as the
   * disk can once the function's code is known. Computes nothing and counts nothing, and opens no
   * pool: there is nothing before one is open. @throws {KeyError}
   */
  peek(...args: Parameters<Fn>): Awaited<ReturnType<Fn>> | undefined;
  /** Whether {@link peek} has a value; tells a cached `undefined` from none. @throws {KeyError} */
  has(...args: Parameters<Fn>): boolean;
  /**
   * The value, blocking the thread until it is there; throws what the call would be rejected with.
   * Only in code that a memoized function runs in a pool's thread, or on any thread with `threads: 0`,
   * and in threads that were attached (`pool.attach`). For functions that are not asynchronous, unless
   * their value is cached or being computed elsewhere, or the pool's own thread computes them.
   * @throws {KeyError} @throws {ThreadError} on any other thread
   */
  readonly sync: Synchronous<Fn>;
  /**
   * Like a call, but computed by whichever of the pool's threads is free, and not by the calling
   * one: `await Promise.all(parts.map((part) => f.fork(part)))` inside a memoized function uses all
   * threads, and its own waits for no other. On other threads, and for functions whose `thread` is
   * `'main'` or `'caller'`, there is no difference to a call.
   */
  readonly fork: Promised<Fn>;
  /**
   * The results for many inputs, each the function's one argument, in their order: computed by all
   * threads (see `fork`), with so many calls at once as `concurrency` says. Inputs are read only as
   * results are taken. Stops at the first call that fails. Not to be mixed up with `inputs.map(f)`, where
   * an array calls `f` with the index and the whole array behind each input: they would be part of the
   * key, and be copied for each call.
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
   * Primes the entry of these arguments: after a write, or for a warm start. The value is copied, and kept as if
   * it had been computed now, in memory and in tiers; `ttl` and `cache` are asked on the calling thread. Other
   * processes forget what they have. What is being computed answers those who asked before, and is
   * not kept; calls whose computation has not begun are answered with the value. In memory this has
   * happened when the call returns (in a worker thread: when the promise settles), in tiers when the
   * promise settles. Opens the default pool if there is none.
   * @throws {OptionError} when `args` is no array. @throws {KeyError} @throws {ValueError}
   * @throws {PoolClosedError} after `pool.close()`
   * @example
   * await save(user);
   * await userById.set([user.id], user);
   */
  set(args: Parameters<Fn>, value: Awaited<ReturnType<Fn>>): Promise<void>;
  /**
   * Forgets one entry. What is being computed for it still answers those who asked before, and is
   * not kept; later calls get a new computation. In memory this has happened when the
   * call returns (in a worker thread: when the promise settles), in tiers when the promise settles.
   * Opens no pool: tiers that a pool brings later are not asked.
   */
  invalidate(...args: Parameters<Fn>): Promise<void>;
  /**
   * Makes one entry stale now, as if its `ttl` had just ended: within `staleWhileRevalidate` the next call is
   * answered with it, and has it refreshed. What is being computed for it is kept, and is stale at once.
   * Tiers, and other processes that share one, forget it. Without `staleWhileRevalidate` and
   * `staleIfError` it is the same as {@link invalidate}. @throws {KeyError}
   */
  expire(...args: Parameters<Fn>): Promise<void>;
  /** Forgets all entries of this function, like `invalidate` does one. */
  clear(): Promise<void>;
  /**
   * What a call with these arguments would find, and why: from memory, from the tiers, and from what is
   * remembered of values that have gone; after `pool.close()`, nothing. Computes nothing, counts nothing and opens no pool. With the pool's `explain` more is remembered: of every key what became of it, and the arguments
   * of recent calls, so that `lastMiss.nearest` can say where these differ. @throws {KeyError}
   * @example
   * const { state, lastMiss } = await render.explain(page, theme);
   * console.log(state, lastMiss?.reason, lastMiss?.nearest); // missing never args[0].now: 2 instead of 1
   */
  explain(...args: Parameters<Fn>): Promise<Explanation>;
  /** What has happened to this function's calls on all threads, since the pool was opened. Opens none. */
  stats(): FunctionStats;
  /** The key of these arguments. @throws {KeyError} */
  key(...args: Parameters<Fn>): string;
  /** The function that was memoized. */
  readonly original: Fn;
  /** The options as given. */
  readonly options: MemoizeOptions<Fn>;
  /**
   * Its name everywhere: package-relative module path, `#`, name, and version. Of an installed package
   * the path has the package's version in it, and a digest of the module's text.
   */
  readonly id: string;
}
