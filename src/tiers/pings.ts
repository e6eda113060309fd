/**
 * Asks a server that is up, now and then, whether it is still there: a session may look alive and be
 * dead, and it would go unnoticed that no message arrives any more.
 */

import type { Clock, Timer } from '../clock.ts';
import type { AvailabilityTimes, Session } from './session.ts';
import { within } from './time-limit.ts';

const NEVER = Number.POSITIVE_INFINITY;
/**
 * Of the time limit, for the answer while a call waits: with a limit of 250 ms and a ping every
 * 50 ms, the call goes on after 200 ms. A server may be as slow as it likes but for that.
 */
const WHEN_WAITING = 0.6;

export class Pings {
  readonly #clock: Clock;
  readonly #times: AvailabilityTimes;
  readonly #failed: (session: Session, cause: unknown) => void;
  #session: Session | undefined;
  #waited = false;
  #next: Timer | undefined;
  /** When the next one is sent. */
  #nextAt = NEVER;

  constructor(
    clock: Clock,
    times: AvailabilityTimes,
    failed: (session: Session, cause: unknown) => void,
  ) {
    this.#clock = clock;
    this.#times = times;
    this.#failed = failed;
  }

  begin(session: Session): void {
    this.#session = session;
    this.#plan();
  }

  stop(): void {
    this.#session = undefined;
    this.#next?.cancel();
    this.#nextAt = NEVER;
  }

  /** Whether a call waits for what another process does, and must not wait for a dead server. */
  set waited(waited: boolean) {
    this.#waited = waited;
    if (this.#session) this.#plan();
  }

  /** Never later than was planned: calls may begin and cease to wait all the time. */
  #plan(): void {
    const every = this.#waited ? this.#times.pingWhenWaiting : this.#times.ping;
    const at = this.#clock.now() + every;
    if (this.#nextAt <= at) return;
    this.#next?.cancel();
    this.#nextAt = at;
    this.#next = this.#clock.after(every, () => void this.#send());
  }

  async #send(): Promise<void> {
    this.#nextAt = NEVER;
    const session = this.#session;
    if (!session) return;
    const limit = this.#times.command * (this.#waited ? WHEN_WAITING : 1);
    try {
      await within(limit, session.ping(), this.#clock);
      if (this.#session === session) this.#plan();
    } catch (error) {
      if (this.#session === session) this.#failed(session, error);
    }
  }
}
