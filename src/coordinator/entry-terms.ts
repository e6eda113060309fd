/** How long an entry lives: both ends of its freshness, and what else its function's options want known of it. */

import type { Terms } from '../arena/terms.ts';
import type { Computed, Freshness } from '../protocol.ts';
import { FARTHEST_AHEAD } from '../read/standing.ts';
import type { FunctionRecord } from './function-record.ts';

type Milliseconds = number;

/** A value that memory is to keep. */
export interface Keepable extends Computed {
  /** Milliseconds ago that it was computed. Default: 0. */
  readonly age?: Milliseconds;
  /** For how long after its `ttl` it is kept at the most. Default: as its function's options say. */
  readonly staleFor?: Milliseconds;
  /** With a `tti`, when it was used last. Default: now. */
  readonly usedAt?: Milliseconds | undefined;
  /** Tiers keep it for less than memory may, unless they are told of uses. */
  readonly isRenewed?: boolean;
}

export interface Lifetime {
  readonly expiresAt: Milliseconds;
  readonly madeAt: Milliseconds;
  readonly terms: Terms | undefined;
}

/** For how long after its `ttl` a value may be answered at all. */
export function windowOf(freshness: Freshness | undefined): Milliseconds {
  return freshness ? Math.max(freshness.staleWhileRevalidate, freshness.staleIfError) : 0;
}

/** Of a value that is kept from now on. */
export function lifetimeOf(fn: FunctionRecord, kept: Keepable, now: Milliseconds): Lifetime {
  const { freshness } = fn.info;
  const { ttl, age = 0, staleFor = Number.POSITIVE_INFINITY, details } = kept;
  const freshUntil = now + ttl;
  const expiresAt = freshUntil + Math.min(windowOf(freshness), staleFor);
  const madeAt = now - age;
  if (!freshness) return { expiresAt, madeAt, terms: undefined };
  const wallMs = Math.max(details?.wallMs ?? kept.ms, fn.averageWallMs);
  const ahead = wallMs * freshness.refreshAhead * FARTHEST_AHEAD;
  const calmUntil = Math.max(0, freshUntil - ahead);
  const { tti } = freshness;
  if (tti === undefined) return { expiresAt, madeAt, terms: { freshUntil, calmUntil, wallMs } };
  const { usedAt = now, isRenewed: isTold = false } = kept;
  // At every look it is to be seen whether it was used.
  const terms = { freshUntil, calmUntil: 0, wallMs, idling: { ms: tti, usedAt, isTold } };
  return { expiresAt, madeAt, terms };
}
