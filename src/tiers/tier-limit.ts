/**
 * How long a tier may take to answer, also one of the user's, and what becomes of one that does not:
 * it is left out, so that no call waits for it, until it answers a probe, which no call waits for
 * either.
 *
 * What a tier refuses is an answer. A late answer is never used: see `ask`, and `LateAnswer`.
 */

import type { Clock, Timer } from '../clock.ts';
import { TierAccessError } from '../errors.ts';
import { type OutageEvent, outages } from '../events/channels.ts';
import type { Warnings } from '../text/warnings.ts';
import { Patience } from './patience.ts';

/** Milliseconds until a tier that is left out is probed, at first and at most. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

export interface TierLimitParts {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  readonly warnings: Warnings;
}

/** No answer has come in time. It may still come, and what was asked for may still be done then. */
export class LateAnswer extends TierAccessError {
  /** Settles when it has come: with `true`, unless that was a failure. */
  readonly over: Promise<boolean>;

  constructor(message: string, over: Promise<boolean>) {
    super(message);
    this.over = over;
  }
}

type State =
  | { readonly at: 'up'; readonly since: number }
  | { readonly at: 'left out'; readonly until: number }
  | { readonly at: 'probed' };

export class TierLimit {
  readonly #name: string;
  readonly #parts: TierLimitParts;
  readonly #patience: Patience;
  readonly #probe: () => Promise<unknown>;
  #state: State;
  #pause = FIRST_PAUSE;
  /** What ends the waits for other processes. */
  readonly #waits = new Set<() => void>();
  #nextProbe: Timer | undefined;

  /** @param probe asks the tier for something that does no harm */
  constructor(name: string, parts: TierLimitParts, probe: () => Promise<unknown>) {
    this.#name = name;
    this.#parts = parts;
    this.#patience = new Patience(parts.clock, parts.timeout);
    this.#probe = probe;
    this.#state = { at: 'up', since: parts.clock.now() };
  }

  get isLeftOut(): boolean {
    return this.#state.at !== 'up';
  }

  /**
   * @param late what is done with an answer that has come too late
   * @throws {TierAccessError} when the tier is left out. @throws {LateAnswer}
   */
  ask<T>(what: string, work: () => Promise<T>, late?: (answer: T) => void): Promise<T> {
    if (!this.isLeftOut) return this.insist(what, work, late);
    this.#probeIfDue();
    return Promise.reject(new TierAccessError(`${this.#called} does not answer, and is left out`));
  }

  /** The same also when it is left out: for what nothing waits for, and what must be tried. */
  insist<T>(what: string, work: () => Promise<T>, late?: (answer: T) => void): Promise<T> {
    const answer = started(work);
    return new Promise((resolve, reject) => {
      const end = this.#patience.begin(() => {
        const message = `${this.#called} did not answer ${what}() within ${this.#parts.timeout} ms`;
        const over = answer.then(
          () => true,
          () => false,
        );
        reject(new LateAnswer(message, over));
        // To clear may take as long as there is much; what else is asked shows whether the tier hangs.
        if (what !== 'clear') this.#leaveOut(message, what === 'close');
      });
      answer.then(
        (value) => (end() ? resolve(value) : late?.(value)),
        (error) => end() && reject(error),
      );
    });
  }

  /**
   * What is waited for may take any time; but if the tier stops answering, it is over. So the tier is
   * probed meanwhile.
   */
  wait(over: Promise<void>): { over: Promise<void>; leave(): void } {
    let leave = () => {};
    const ended = new Promise<void>((resolve) => {
      leave = () => {
        this.#waits.delete(leave);
        resolve();
      };
    });
    this.#waits.add(leave);
    over.then(leave, leave);
    this.#probeLater();
    return { over: ended, leave };
  }

  get #called(): string {
    return `the tier '${this.#name}'`;
  }

  #leaveOut(why: string, isLast: boolean): void {
    const { clock, warnings } = this.#parts;
    const now = clock.now();
    const state = this.#state;
    if (state.at === 'left out') return;
    // One that was soon late again is left alone for longer.
    const isNew = state.at === 'up' && now - state.since > this.#pause;
    this.#pause = isNew ? FIRST_PAUSE : Math.min(2 * this.#pause, LONGEST_PAUSE);
    this.#state = { at: 'left out', until: now + this.#pause };
    const what = isLast
      ? 'nothing waits for it any more'
      : 'it is left out until it does, and each process computes for itself';
    if (state.at === 'up') {
      warnings.warn(`${this.#name} is late`, `${why}: ${what}`);
      this.#tell('begun', new Error(why));
    }
    for (const leave of [...this.#waits]) leave();
  }

  #probeIfDue(): void {
    const state = this.#state;
    if (state.at !== 'left out' || this.#parts.clock.now() < state.until) return;
    this.#state = { at: 'probed' };
    const up = () => {
      this.#state = { at: 'up', since: this.#parts.clock.now() };
      this.#tell('over');
    };
    this.insist('get', this.#probe).then(up, (error) => error instanceof LateAnswer || up());
  }

  #tell(state: OutageEvent['state'], cause?: unknown): void {
    if (!outages.hasSubscribers) return;
    const event: OutageEvent = { tier: this.#name, state, cause };
    outages.publish(event);
  }

  #probeLater(): void {
    this.#nextProbe ??= this.#parts.clock.after(this.#parts.timeout, () => {
      this.#nextProbe = undefined;
      if (this.#waits.size === 0) return;
      this.insist('get', this.#probe).catch(() => {});
      this.#probeLater();
    });
  }
}

/** What throws at once is as what is rejected; what is no promise is its answer. */
function started<T>(work: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}
