/**
 * Calls that a stale value may answer when there is to be no new one, or none soon: `staleIfError`,
 * `softTimeout`, and how long a refresh lives that no call waits for.
 *
 * Invariants: a call gets a stale value only if that was alive and within its function's windows when the
 * call came, and only of a flight that no invalidation has fenced since (a fence takes `flight.stale`
 * away); and whatever is timed here for a flight ends with it.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Encoded } from '../protocol.ts';
import { decodeThrown } from '../values/thrown.ts';
import { Backoffs } from './backoffs.ts';
import type { Answer, Flight, Waiter, Want } from './flight.ts';
import type { Entry } from './memory.ts';
import { tellOfRefresh } from './refresh-events.ts';

export type WarnOfRefresh = (functionId: string, text: string) => void;

export interface StaleAnswersParts {
  /** By which values grow old. */
  readonly clock: Clock;
  readonly warn?: WarnOfRefresh | undefined;
}

/** What is timed for one flight. */
interface Timed {
  /** Calls that `softTimeout` ends, in the order of their ends. */
  readonly soft: { readonly at: number; readonly waiter: Waiter }[];
  softTimer: Timer | undefined;
  hardEnd: Timer | undefined;
}

export class StaleAnswers {
  readonly backoffs: Backoffs;
  readonly #parts: StaleAnswersParts;
  readonly #timed = new Map<Flight, Timed>();
  #isOver: (flight: Flight) => void = () => {};

  constructor(parts: StaleAnswersParts) {
    this.#parts = parts;
    this.backoffs = new Backoffs(parts.clock);
  }

  /** @param isOver called when the stale value of a refresh is dead */
  listen(isOver: (flight: Flight) => void): void {
    this.#isOver = isOver;
  }

  /** The entry, if it may answer the call should its refresh fail. */
  within({ fn, refresh, maxAge }: Want, entry: Entry | undefined): Entry | undefined {
    const { freshness } = fn.info;
    if (!freshness || refresh || !entry) return undefined;
    const now = this.#parts.clock.now();
    const end = Math.min(entry.expiresAt, entry.freshUntil + freshness.staleIfError);
    return now < end && !isOlder(entry, maxAge, now) ? entry : undefined;
  }

  /** Answers a call at once, because its refresh has failed lately; false if one may be tried. */
  answerPaused({ fn, key, waiter }: Want, entry: Entry): boolean {
    if (this.backoffs.of(fn, key) === 0) return false;
    fn.counters.misses++;
    fn.counters.staleOnError++;
    waiter.deliver(answerOf(entry));
    return true;
  }

  /** The call, which waits for the flight or is about to, may be answered with its stale value. */
  entitle(flight: Flight, waiter: Waiter): void {
    const { softTimeout } = flight.fn.info.freshness ?? {};
    const isSoft = softTimeout !== undefined;
    const isForOthers = flight.args !== undefined && flight.fn.info.thread !== 'caller';
    waiter.takesStale = isSoft && isForOthers ? 'soon' : 'if it fails';
    if (!isSoft) return;
    this.#timedOf(flight).soft.push({ at: this.#parts.clock.now() + softTimeout, waiter });
    this.#watchSoft(flight);
  }

  /** What answers a waiter of a flight that has failed. */
  orFailure(flight: Flight, { takesStale = 'no' }: Waiter, failure: Answer): Answer {
    const { stale } = flight;
    if (takesStale === 'no' || !stale) return failure;
    flight.fn.counters.staleOnError++;
    countMiss(flight);
    return answerOf(stale);
  }

  /** The flight goes on without a waiter from now on, until its stale value is dead. */
  goesOn(flight: Flight): void {
    flight.isRefresh = true;
    const ms = (flight.stale?.expiresAt ?? Number.POSITIVE_INFINITY) - this.#parts.clock.now();
    if (ms === Number.POSITIVE_INFINITY) return;
    const timed = this.#timedOf(flight);
    timed.hardEnd?.cancel();
    timed.hardEnd = this.#parts.clock.after(ms, () => this.#isOver(flight));
  }

  /** The flight has settled. */
  ended(flight: Flight): void {
    const timed = this.#timed.size > 0 ? this.#timed.get(flight) : undefined;
    if (!timed) return;
    timed.softTimer?.cancel();
    timed.hardEnd?.cancel();
    this.#timed.delete(flight);
  }

  /** A value was not replaced: when that may be tried again, or `undefined` if there was none. */
  failed(flight: Flight, error: Encoded): number | undefined {
    const { fn, key, stale, isRefresh } = flight;
    const { freshness } = fn.info;
    if ((!stale && !isRefresh) || !freshness) return undefined;
    fn.counters.failedRefreshes++;
    tellOfRefresh(flight, 'failed', () => decodeThrown(error));
    this.#parts.warn?.(
      fn.info.id,
      `${fn.info.id} could not be refreshed: ${wordsOf(error)}. Its old value answers as long as its ` +
        'windows say; stats().failedRefreshes counts how often that was so.',
    );
    return this.backoffs.begin(fn, key, freshness.errorBackoff);
  }

  #timedOf(flight: Flight): Timed {
    const known = this.#timed.get(flight);
    if (known) return known;
    const made: Timed = { soft: [], softTimer: undefined, hardEnd: undefined };
    this.#timed.set(flight, made);
    return made;
  }

  #watchSoft(flight: Flight): void {
    const timed = this.#timedOf(flight);
    const [first] = timed.soft;
    if (timed.softTimer || !first) return;
    timed.softTimer = this.#parts.clock.after(first.at - this.#parts.clock.now(), () => {
      timed.softTimer = undefined;
      try {
        this.#answerLate(flight, timed);
      } finally {
        if (this.#timed.get(flight) === timed) this.#watchSoft(flight);
      }
    });
  }

  #answerLate(flight: Flight, { soft }: Timed): void {
    const { stale, fn } = flight;
    const now = this.#parts.clock.now();
    for (let first = soft[0]; first && first.at <= now; first = soft[0]) {
      soft.shift();
      const { waiter } = first;
      if (waiter.flight !== flight || !stale || flight.isSettled) continue;
      fn.counters.softTimeouts++;
      countMiss(flight);
      // Before its last waiter has left it.
      if (flight.waiters.length === 1) this.goesOn(flight);
      flight.release(waiter);
      waiter.deliver(answerOf(stale));
    }
  }
}

/** Whether it was computed longer ago than a call accepts. */
export function isOlder({ madeAt }: Entry, maxAge: number | undefined, now: number): boolean {
  return maxAge !== undefined && !(madeAt !== undefined && now - madeAt <= maxAge);
}

/** A call that joined a flight was counted as one that waits. */
function countMiss(flight: Flight): void {
  const { counters } = flight.fn;
  if (flight.isCounted) {
    counters.waits--;
    counters.misses++;
  } else if (!flight.hasMissed) counters.misses++;
  flight.isCounted = true;
  flight.hasMissed = true;
}

export function answerOf({ id, value, part }: Pick<Entry, 'id' | 'value' | 'part'>): Answer {
  const answer = { state: 'value', entry: id, value } as const;
  return part ? { ...answer, part } : answer;
}

/** What was thrown may be anything, and have getters. */
function wordsOf(error: Encoded): string {
  try {
    const thrown = decodeThrown(error);
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'what it threw cannot be shown';
  }
}
