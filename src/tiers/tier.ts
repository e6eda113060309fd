/**
 * The contract of a tier: a slower store behind the memory of a process.
 *
 * A tier moves bytes and knows nothing of what they mean. It may be slow and it may fail: the
 * coordinator asks it once a flight, writes in the background, orders the operations on one key, and counts
 * what it throws. It may also hang: after the pool's `tierTimeout` it is left out until it answers a
 * `get`; a record that comes later than that is dropped, and a lease goes back. What it refuses to
 * delete or to clear is not read from it until it has done so. What every tier has to pass is in
 * `suite.ts`, for users `threadmemo/tier-suite`.
 */

import type { Encoded } from '../protocol.ts';
import { isRaised } from '../tags/dependencies.ts';

/** What a tier keeps of a value: encoded bytes, and what says how long they may be used. */
export interface TierRecord {
  /**
   * The tier may keep these bytes, and must not change them: they can be what callers read. Those of
   * a large value lie in shared memory, where some APIs (`TextDecoder`, WebCrypto) want a copy. What
   * a tier returns is copied, unless it says that it gives it away (`Tier.givesAway`).
   */
  readonly value: Encoded;
  /** Milliseconds since 1970; `Infinity` for never. */
  readonly expiresAt: number;
  /** Milliseconds that computing the value took. */
  readonly ms: number;
  /**
   * Milliseconds before its last end from which on the value is stale: that is `expiresAt` and `renewableFor`
   * together. A distance, so that a store that counts down tells both ends. Default: 0, the value is fresh
   * until it expires.
   */
  readonly staleFor?: number;
  /** When it was computed, in milliseconds since 1970, by the clock of the process that did. */
  readonly computedAt?: number;
  /** Milliseconds from the start of its computation to the end, waits included. Default: `ms`. */
  readonly wallMs?: number;
  /**
   * Milliseconds after `expiresAt` until which uses may put that off (`tti`): then the record is set again.
   * Default: 0.
   */
  readonly renewableFor?: number;
  /**
   * Its tags, to be kept like everything else. The pool keeps their generations in the tier as well, as
   * records of a function of its own, and takes a record for a miss when one has another than then.
   */
  readonly tags?: readonly Marked[];
  /** What it depends on: of which likewise. */
  readonly dependsOn?: readonly Marked[];
  /** Of the pool that has stored it. */
  readonly namespace?: string;
}

/** A tag, or something that a value depends on, with the generation under which it was computed. */
export interface Marked {
  readonly name: string;
  readonly generation: Uint8Array;
}

/** Everything that ends a record when its generation has changed. */
export function markedIn({ tags = [], dependsOn = [] }: Partial<TierRecord>): readonly Marked[] {
  return dependsOn.length > 0 ? [...tags, ...dependsOn] : tags;
}

/** What ends it everywhere when it is raised. */
export function marksIn(record: Partial<TierRecord>): readonly string[] {
  return markedIn(record).flatMap(({ name }) => (isRaised(name) ? name : []));
}

/** What a tier says to a process that wants to compute. */
export type LeaseAnswer =
  /** No process computes it, and there is no record: this process may, until it ends the lease. */
  | { readonly state: 'granted'; readonly lease: TierLease }
  /** There is a record by now. */
  | { readonly state: 'found'; readonly record: TierRecord }
  /**
   * Another process computes it. `over` settles when that has ended, however it has, or when it is
   * time to ask again for any other reason; it never rejects. `leave` says that the process has stopped waiting.
   */
  | {
      readonly state: 'held';
      readonly over: Promise<void>;
      /** The process has stopped waiting. */
      leave(): void;
    };

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
   * `store` has thrown. No process should wait for it any longer than the store makes inevitable.
   */
  release(): Promise<void>;
}

/** What was invalidated. */
export type Invalidation =
  | { readonly of: 'key'; readonly functionId: string; readonly key: string }
  | { readonly of: 'function'; readonly functionId: string }
  | { readonly of: 'all' };

/** Tiers of users may say anything. */
export function isInvalidation(what: unknown): what is Invalidation {
  if (typeof what !== 'object' || what === null) return false;
  const { of, functionId, key } = what as { readonly [field: string]: unknown };
  if (of === 'all') return true;
  if (typeof functionId !== 'string') return false;
  return of === 'function' || (of === 'key' && typeof key === 'string');
}

/** What a `clear` invalidates. */
export function allOf(functionId: string | undefined): Invalidation {
  return functionId === undefined ? { of: 'all' } : { of: 'function', functionId };
}

/** A slower store behind memory. Every method may fail: that is a miss and a counter, never a failed call. */
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
  /**
   * It makes up by itself for a `delete` or `clear` that it has rejected, before it answers anything
   * again. Other tiers are not asked for what they did not forget, and are sent the same again and again.
   */
  readonly makesUp?: boolean;
  /**
   * It is asked also for functions that compute in less time than it takes to answer. Other tiers are
   * not, while they take more than 50 ms.
   */
  readonly askedEvenIfSlow?: boolean;
  /**
   * The bytes of the records that it returns are never touched again by the tier, and own their
   * memory: they need not be copied. Default: false.
   */
  readonly givesAway?: boolean;
  /** The record last set for this key, or `undefined`; one that has expired may be left out. */
  get(functionId: string, key: string): Promise<TierRecord | undefined>;
  /**
   * What `get` would say, for an engine that reads within microseconds: it spares a hit the promises,
   * which take longer than that. `'later'` when that needs waiting; `get` is asked then.
   */
  getNow?(functionId: string, key: string): TierRecord | undefined | 'later';
  /** Stores a record, in the place of an older one. Its bytes may be kept; they do not change. */
  set(functionId: string, key: string, record: TierRecord): Promise<void>;
  /** Removes a record, which need not be there. A later `get` does not find it. */
  delete(functionId: string, key: string): Promise<void>;
  /**
   * Removes a record that it has returned and that is none, or of no use to this process: its value
   * cannot be decoded. Unlike a `delete`, it ends no lease and reaches no other process. Default:
   * `delete` is called.
   */
  discard?(functionId: string, key: string): Promise<void>;
  /** Forgets everything of one function, or of all when none is given. */
  clear(functionId?: string): Promise<void>;
  /**
   * Forgets everything of all functions whose ids begin like this, where the engine can tell: so a pool
   * with a namespace forgets all of its own, what others have stored among it.
   */
  clearPrefix?(prefix: string): Promise<void>;
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
  /**
   * Whether it can be used now, as far as it knows, for `pool.health()` and metrics. Default: it can, as
   * long as it answers in time.
   */
  isUp?(): boolean;
  /**
   * The ids under which it has records of any version of a function: all that begin with
   * `functionId@`, and more if that is easier. Only asked to explain why a record is not there.
   */
  versionsOf?(functionId: string): Promise<readonly string[]>;
  /** Called once, after the last operation has settled. Ends the leases that this process has. */
  close(): Promise<void>;
}
