/**
 * The contract of a tier: a slower store behind the memory of a process.
 *
 * A tier moves bytes and knows nothing of what they mean. It may be slow and it may fail: the
 * coordinator asks it once a flight, writes behind, orders the operations on one key, and counts
 * what it throws. What every tier has to pass is in `suite.ts`, for users `threadmemo/tier-suite`.
 */

import type { Encoded } from '../protocol.ts';

export interface TierRecord {
  /**
   * The tier may keep these bytes, and must not change them: they can be what callers read. Those of
   * a large value lie in shared memory, where some APIs (`TextDecoder`, WebCrypto) want a copy. What
   * a tier returns is kept as it is, too, and must not change later.
   */
  readonly value: Encoded;
  /** Milliseconds since 1970; `Infinity` for never. */
  readonly expiresAt: number;
  /** Milliseconds that computing the value took. */
  readonly ms: number;
}

/** What a tier says to a process that wants to compute. */
export type LeaseAnswer =
  /** Nobody computes it, and there is no record: this process may, until it ends the lease. */
  | { readonly state: 'granted'; readonly lease: TierLease }
  /** There is a record by now. */
  | { readonly state: 'found'; readonly record: TierRecord }
  /**
   * Another process computes it. `over` settles when that has ended, however it has, or when it is
   * time to ask again for any other reason; it never rejects. `leave` says that nobody waits any more.
   */
  | { readonly state: 'held'; readonly over: Promise<void>; leave(): void };

/**
 * The right to compute one key, among all processes that use the tier. The tier keeps it alive as
 * long as its process lives; when the process dies it ends, and one other process gets it. A delete
 * or clear of its key, by any process, ends it too.
 */
export interface TierLease {
  /**
   * Sets the record and ends the lease, in one step; neither, if the lease has ended before. So what
   * was computed before an invalidation, or by a process that was taken for dead, is not stored.
   * @returns whether it was stored
   */
  store(record: TierRecord): Promise<boolean>;
  /**
   * Ends the lease without a record: the computation has failed, its value is not to be kept, or
   * `store` has thrown. Nobody should wait for it any longer than the store makes inevitable.
   */
  release(): Promise<void>;
}

/** What was invalidated: a key of a function; without `key` all of the function; else everything. */
export interface Invalidation {
  readonly functionId?: string;
  readonly key?: string;
}

export interface Tier {
  /** Names the tier in `pool.stats()`. */
  readonly name: string;
  /**
   * Records are there for later processes, whose code may be another: the ids of functions come with
   * a fingerprint of their code behind them, unless the function has a `version`.
   */
  readonly persistent?: boolean;
  /** Of a persistent tier: a directory of its own, where fingerprints are remembered beside it. */
  readonly directory?: string;
  /** The record last set for this key, or `undefined`; one that has expired may be left out. */
  get(functionId: string, key: string): Promise<TierRecord | undefined>;
  /**
   * What `get` would say, for an engine that reads within microseconds: it spares a hit the promises,
   * which take longer than that. `'later'` when it cannot be said without waiting; `get` is asked then.
   */
  getNow?(functionId: string, key: string): TierRecord | undefined | 'later';
  set(functionId: string, key: string, record: TierRecord): Promise<void>;
  delete(functionId: string, key: string): Promise<void>;
  /** Forgets everything of one function, or of all when none is given. */
  clear(functionId?: string): Promise<void>;
  /**
   * Single flight between processes, where the engine can. It answers at once; of all that ask for a
   * key, one is granted the lease, and the others are woken when it has ended and ask again. A record
   * that has expired is none; with `refresh`, none is looked for.
   */
  lease?(functionId: string, key: string, refresh?: boolean): Promise<LeaseAnswer>;
  /**
   * Calls `heard` whenever another process has deleted or cleared something: what this one has of it
   * in its memory is old. So it does when it may have missed that, before it answers anything again.
   * Called once, before all else.
   */
  onInvalidate?(heard: (what: Invalidation) => void): void;
  /** Called once, after the last operation has settled. Ends the leases that this process has. */
  close(): Promise<void>;
}
