/**
 * Refreshes: a value that is stale, or about to be, is computed again although no call waits for it.
 *
 * A refresh is a flight like any other, so it is joined by the calls that come meanwhile, fenced by an
 * invalidation, and started again when its thread dies. It differs in that it goes on without a waiter,
 * until the value that it is to replace is dead (`stale-answers.ts`), and begins only if that value is still
 * what memory has: one that was invalidated or replaced meanwhile is not missed.
 */

import type { Clock } from '../clock.ts';
import { FARTHEST_AHEAD } from '../read/standing.ts';
import type { Cache } from './cache.ts';
import type { Flight } from './flight.ts';
import type { Flights, RefreshedBy } from './flights.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Entry } from './memory.ts';
import { tellOfRefresh } from './refresh-events.ts';
import type { StaleAnswers } from './stale-answers.ts';
import type { Waiters } from './waiters.ts';

/** Milliseconds for which readers do not ask again, because a refresh has begun. */
const UNDER_WAY = 60_000;

export interface RefreshesParts {
  /** By which values grow old. */
  readonly clock: Clock;
  readonly cache: Cache;
  readonly flights: Flights;
  readonly waiters: Waiters;
  readonly staleAnswers: StaleAnswers;
}

export class Refreshes {
  readonly #parts: RefreshesParts;

  constructor(parts: RefreshesParts) {
    this.#parts = parts;
    const { flights, staleAnswers } = parts;
    staleAnswers.listen((flight) => this.#isOver(flight));
    flights.answeredStale = ({ fn, key, args, isNoticedHere }) => {
      if (args) this.begin(fn, key, { args, isHere: isNoticedHere });
    };
  }

  /**
   * A thread has answered a call with a value that is to be refreshed. Nothing if that has been done, is
   * under way, or has failed lately.
   * @returns whether it has begun
   */
  begin(fn: FunctionRecord, key: string, by: RefreshedBy): boolean {
    const { flights, cache, staleAnswers, clock } = this.#parts;
    const live = flights.find(fn, key);
    if (live) {
      live.args ??= by.args;
      return false;
    }
    const entry = cache.held(fn, key);
    if (entry && !isDue(fn, entry, clock.now())) {
      // It was used, of which tiers are to know.
      if (fn.info.freshness?.tti !== undefined) cache.renew(fn, key);
      return false;
    }
    if (!entry && cache.isMemoryOnly) return false;
    const until = staleAnswers.backoffs.of(fn, key);
    cache.askNotBefore(fn, key, until === 0 ? clock.now() + UNDER_WAY : until);
    if (until === 0) flights.openRefresh(fn, key, entry, by);
    return until === 0;
  }

  /** The value that was to be replaced is dead: from now on the flight needs a waiter like any other. */
  #isOver(flight: Flight): void {
    if (flight.isSettled) return;
    flight.isRefresh = false;
    if (flight.waiters.length > 0) return;
    flight.fn.counters.failedRefreshes++;
    tellOfRefresh(flight, 'failed', () => new Error('its old value was dead before it ended'));
    this.#parts.waiters.abandon(flight);
  }
}

/** Stale, or so near to that that a reader may have drawn it. */
function isDue(fn: FunctionRecord, { freshUntil, ms }: Entry, now: number): boolean {
  const { refreshAhead = 0 } = fn.info.freshness ?? {};
  const cost = Math.max(ms, fn.averageWallMs);
  return now >= freshUntil - cost * refreshAhead * FARTHEST_AHEAD;
}
