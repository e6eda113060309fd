/**
 * How an entry stands at a time, by the two ends of its freshness and by its function's options, as far
 * as a reader decides by it. What may be answered only when a refresh fails, the coordinator decides:
 * for a reader that is a miss.
 */

import type { Freshness } from '../protocol.ts';

type Milliseconds = number;

export type Standing =
  | 'fresh'
  /** Fresh, and drawn for a refresh before its time: see `refreshAhead`. */
  | 'ahead'
  /** Past its `ttl`, and answered all the same. */
  | 'stale'
  /** Not to be answered without waiting. */
  | 'past';

/** What of an entry decides. */
export interface Ends {
  readonly freshUntil: Milliseconds;
  readonly expiresAt: Milliseconds;
  /** What computing it took. */
  readonly wallMs: Milliseconds;
}

/** Before that many times the cost from its end no hit draws: one in ten million would win. */
export const FARTHEST_AHEAD = 16;

export function standingOf(
  { freshUntil, expiresAt, wallMs }: Ends,
  now: Milliseconds,
  freshness: Freshness | undefined,
  random: () => number,
): Standing {
  if (now >= expiresAt) return 'past';
  if (now >= freshUntil) {
    return freshness && now < freshUntil + freshness.staleWhileRevalidate ? 'stale' : 'past';
  }
  if (!freshness || freshness.refreshAhead === 0) return 'fresh';
  // XFetch (Vattani, Chierichetti, Lowenstein 2015): the nearer the end and the dearer, the likelier.
  const head = -wallMs * freshness.refreshAhead * Math.log(random());
  return now + head >= freshUntil ? 'ahead' : 'fresh';
}
