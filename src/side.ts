/**
 * The two sides of a memoized function, and which one this thread is.
 *
 * A thread of a pool asks the coordinator over its port (`thread/`); any other thread is a
 * coordinator's own (`main/`). Whoever sets up the thread installs its side here, in a place that
 * every copy of this package in the thread shares, because a user's module may resolve another
 * copy than the pool's entry did.
 */

import type { ResolvedCallOptions } from './options.ts';
import type { FunctionStats } from './protocol.ts';
import type { Definition } from './registry.ts';

export interface Side {
  /** True in a thread that a pool has started. */
  readonly inPool: boolean;
  /** True after its pool was closed; calls are rejected then. */
  readonly closed: boolean;
  /** @throws {KeyError} */
  call(fn: Definition, args: readonly unknown[], options: ResolvedCallOptions): Promise<unknown>;
  /** The same, but computed by the pool, if it must be. @throws {KeyError} */
  fork(fn: Definition, args: readonly unknown[], options: ResolvedCallOptions): Promise<unknown>;
  /** Not on the coordinator's own thread: the value; throws what the call would be rejected with. */
  sync?(fn: Definition, args: readonly unknown[]): unknown;
  /** The signal of the computation that asks, once what was said to its thread is heard. */
  signal?(): AbortSignal | undefined;
  /** The cached value in a box, because every value is possible. @throws {KeyError} */
  peek(fn: Definition, args: readonly unknown[]): { readonly value: unknown } | undefined;
  /**
   * On the coordinator's own thread: holds on to a cached value, for whoever keeps something that he
   * has made of it. `undefined` when none is in shared memory. @throws {KeyError}
   */
  hold?(fn: Definition, args: readonly unknown[]): Held | undefined;
  /** @throws {KeyError} */
  invalidate(fn: Definition, args: readonly unknown[]): Promise<void>;
  clear(fn: Definition): Promise<void>;
  stats(fn: Definition): FunctionStats;
}

/** A cached value that was seen once, by its place. */
export interface Held {
  /** Milliseconds that it took to compute. */
  readonly ms: number;
  /** Whether it is still the one to serve; if so, that is a hit, and a use of it. */
  use(): boolean;
}

const SIDE = Symbol.for('threadmemo:side:1');
const realm = globalThis as { [SIDE]?: Side | undefined };

/** `undefined` until a pool was opened in this thread, has started it, or was joined. */
export function installedSide(): Side | undefined {
  return realm[SIDE];
}

export function installSide(side: Side | undefined): void {
  realm[SIDE] = side;
}
