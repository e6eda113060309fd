/**
 * A circuit breaker: a store that does not answer in time is not asked for a while, and then by one
 * operation first, so that not every call waits for it.
 *
 * What the store refuses at once costs no time, and shuts nothing.
 */

import type { Clock } from '../../clock.ts';
import { TierAccessError } from '../../errors.ts';
import { Warnings } from '../../text/warnings.ts';
import { LateError, within } from '../time-limit.ts';

/** Milliseconds. */
export interface BreakerTimes {
  /** In which the store must answer. */
  readonly timeout: number;
  /** Until it is asked again. */
  readonly retry: number;
}

type State =
  | { readonly at: 'up' }
  | { readonly at: 'away'; readonly until: number }
  /** One operation looks whether it is there again. */
  | { readonly at: 'trying' };

export class Breaker {
  readonly #times: BreakerTimes;
  readonly #clock: Clock;
  readonly #warnings: Warnings;
  #state: State = { at: 'up' };
  #cause: unknown;
  #hasWarned = false;

  constructor(times: BreakerTimes, clock: Clock) {
    this.#times = times;
    this.#clock = clock;
    this.#warnings = new Warnings(clock);
  }

  get isUp(): boolean {
    return this.#state.at === 'up';
  }

  /** @throws {TierAccessError} when the store is late, or was lately */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#enter();
    try {
      const result = await within(this.#times.timeout, work(), this.#clock);
      this.#state = { at: 'up' };
      this.#hasWarned = false;
      return result;
    } catch (error) {
      this.#warn(error);
      if (!(error instanceof LateError)) {
        this.#state = { at: 'up' };
        throw error;
      }
      this.#cause = error;
      this.#state = { at: 'away', until: this.#clock.now() + this.#times.retry };
      throw this.#away();
    }
  }

  close(): void {
    this.#warnings.close();
  }

  #enter(): void {
    const state = this.#state;
    if (state.at === 'up') return;
    if (state.at === 'trying' || this.#clock.now() < state.until) throw this.#away();
    this.#state = { at: 'trying' };
  }

  /** Once, until something has succeeded. */
  #warn(cause: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#warnings.warn(
      'failure',
      `the store behind keyvTier() fails (${why}): each process computes for itself what it would have`,
    );
  }

  #away(): TierAccessError {
    return new TierAccessError('the store behind keyvTier() does not answer, and is asked later', {
      cause: this.#cause,
    });
  }
}
