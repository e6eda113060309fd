/**
 * The contract of a tier: a slower store behind the memory of a process.
 *
 * A tier moves bytes and knows nothing of what they mean. It may be slow and it may fail: the
 * coordinator asks it once a flight, writes behind, orders the operations on one key, and counts
 * what it throws. `test/suites/tier.ts` is what every tier has to pass.
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
  set(functionId: string, key: string, record: TierRecord): Promise<void>;
  delete(functionId: string, key: string): Promise<void>;
  /** Forgets everything of one function, or of all when none is given. */
  clear(functionId?: string): Promise<void>;
  /** Called once, after the last operation has settled. */
  close(): Promise<void>;
}
