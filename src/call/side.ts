/**
 * What a thread is to the cache, and so where its calls go: its side, which `kind` names.
 *
 * A thread that has a pool talks to the coordinator directly (`pool/`); a thread of a pool
 * (`worker/`), and one that was attached to it (`guests/`), over a channel. The side is installed in
 * a place that every copy of this package in the thread shares, because a user's module may resolve
 * another copy than the pool's entry did.
 */

import type { Explanation, FunctionStats } from '../protocol.ts';
import type { Call } from './call.ts';
import type { Definition } from './registry.ts';

/** What a thread finds by itself. `due`: a hit, too, and the value is being refreshed from now on. */
export type Sight =
  | { readonly state: 'hit' | 'due'; readonly value: unknown }
  | { readonly state: 'missed' };

interface AnySide {
  /** True after its pool was closed; calls are rejected then. */
  readonly closed: boolean;
  /** @throws {KeyError} */
  call(call: Call): Promise<unknown>;
  /** The same, but computed by the pool, if it must be. @throws {KeyError} */
  fork(call: Call): Promise<unknown>;
  /** The value; throws what the call would be rejected with. @throws {ThreadError} where it may not block */
  sync(call: Call): unknown;
  /** The first step of a call, and the only one: counts a hit as one. @throws {KeyError} */
  find(call: Call): Sight;
  /** What time it is for cached values: milliseconds since 1970. */
  date(): number;
  /** The cached value in a box, because every value is possible. @throws {KeyError} */
  peek(call: Call): { readonly value: unknown } | undefined;
  /** @throws {KeyError} */
  invalidate(call: Call): Promise<void>;
  /** @throws {KeyError} @throws {ValueError} */
  set(call: Call, value: unknown): Promise<void>;
  /** @throws {KeyError} */
  expire(call: Call): Promise<void>;
  clear(fn: Definition): Promise<void>;
  /** Forgets what has one of these marks, see `tags/tags.ts`. */
  invalidateTags(marks: readonly string[]): Promise<void>;
  /** The same, but what may be answered when it is stale is only that from now on. */
  expireTags(marks: readonly string[]): Promise<void>;
  /** @throws {KeyError} */
  explain(call: Call): Promise<Explanation>;
  stats(fn: Definition): FunctionStats;
  /** The signal of the computation that asks, once the thread's messages have been read. */
  signal(): AbortSignal | undefined;
}

/** Of the thread that has made the pool. */
export interface CoordinatorSide extends AnySide {
  readonly kind: 'coordinator';
  /** How many threads compute what is forked here. */
  readonly threads: number;
  /**
   * A cached value, for a caller that keeps something made of it. `undefined` when it is not in
   * shared memory. @throws {KeyError}
   */
  hold(call: Call): Held | undefined;
}

/**
 * Of a thread that is not the coordinator's own: the pool has started it (`pool`), or other code
 * has and it was attached (`guest`), or its pool was closed since (`closed`).
 */
export interface RemoteSide extends AnySide {
  readonly kind: 'pool' | 'guest' | 'closed';
}

export type Side = CoordinatorSide | RemoteSide;

/** A cached value that was seen once, by its place. */
export interface Held {
  /** Milliseconds that it took to compute. */
  readonly ms: number;
  /** Whether it is still the one to serve; if so, that is a hit, and a use of it. */
  use(): boolean;
}

const SIDE = Symbol.for('threadmemo:side:2');
const realm = globalThis as { [SIDE]?: Side | undefined };

/** `undefined` until a pool was opened in this thread, has started it, or was joined. */
export function installedSide(): Side | undefined {
  return realm[SIDE];
}

export function installSide(side: Side | undefined): void {
  realm[SIDE] = side;
}
