/**
 * A server that a tier stores in, as far as it is there: at most one session with it, and a circuit
 * breaker. What a session is made of is the tier's own.
 *
 * `up`: what is asked is sent, and has a time limit. When something is not answered in time, the
 * server is `doubted`: nothing is sent but a ping, a little later. If that is answered, it is `up`
 * again, and nothing was missed; if not, or if the session ends, it is `down`: the session is dropped,
 * and another one tried again and again. What is asked meanwhile is rejected at once, so nothing waits
 * and nothing piles up. A ping now and then finds sessions that look alive and are dead.
 *
 * Invariant: while an invalidation is owed, the server is not `up`, so nothing is read. One that has
 * failed, whichever way, ends `up` in the step in which that is known; one that is under way when `up`
 * ends is owed, too. What is owed is sent while the server is `settling`; invalidations that come then
 * are sent at once, as when it is `up`: if they were owed, too, there might be no end to it. `up` is
 * entered in the step that has found nothing owed any more.
 *
 * A transition is made whole, and its timer set, before any other code is called.
 */

import { type Clock, Pending, type Timer } from '../clock.ts';
import { Warnings } from '../text/warnings.ts';
import { Debts } from './debts.ts';
import { Outages } from './outages.ts';
import { Pings } from './pings.ts';
import { Refusals } from './refusals.ts';
import type {
  Ask,
  AvailabilityStats,
  AvailabilityTimes,
  Session,
  SessionStore,
} from './session.ts';
import type { Invalidation } from './tier.ts';
import { LateError, within } from './time-limit.ts';

type State<S> =
  | { readonly at: 'opening' | 'settling' | 'up' | 'doubted'; readonly session: S }
  | { readonly at: 'down' | 'closed' };

export class Availability<S extends Session> {
  readonly #store: SessionStore<S>;
  readonly #clock: Clock;
  readonly #times: AvailabilityTimes;
  readonly #warnings: Warnings;
  readonly #outages: Outages;
  readonly #refusals: Refusals;
  readonly #pending: Pending;
  readonly #pings: Pings;
  readonly #debts = new Debts();
  /** Invalidations that are under way. */
  readonly #telling = new Set<Invalidation>();
  #state: State<S> = { at: 'down' };
  /** The first try, until it has ended. */
  #first: Promise<void> | undefined;
  #number = 0;
  /** Something was asked for, or could have arrived, that did not. */
  #missed = false;
  #next: Timer | undefined;

  constructor(store: SessionStore<S>, clock: Clock, times: AvailabilityTimes) {
    this.#store = store;
    this.#clock = clock;
    this.#times = times;
    this.#warnings = new Warnings(clock);
    this.#outages = new Outages(store.name, store.AccessError, this.#warnings);
    this.#refusals = new Refusals(store.name, (error) => store.refusal(error), this.#warnings);
    this.#pending = new Pending(clock);
    this.#pings = new Pings(clock, times, (session, cause) => this.#doubt(session as S, cause));
    this.#first = this.#open().finally(() => {
      this.#first = undefined;
    });
  }

  get isUp(): boolean {
    return this.#state.at === 'up';
  }

  get stats(): AvailabilityStats {
    const [outages, refused] = [this.#outages.count, this.#refusals.count];
    return { connected: this.isUp, outages, refused };
  }

  /** Whether a call waits for what another process does, and must not wait for a dead server. */
  set waited(waited: boolean) {
    this.#pings.waited = waited;
  }

  /**
   * Of the present session, for what must not be asked of a later one.
   * @throws the store's `AccessError` when it is away
   */
  sessionNumber(): Promise<number> {
    return this.#run(['up'], async () => this.#number);
  }

  /** The same at once; `undefined` while that is not known, and when it is away. */
  get numberNow(): number | undefined {
    return this.isUp && !this.#first ? this.#number : undefined;
  }

  /**
   * Of things that were asked for together, what one was refused, or that it was not.
   * @param what was asked: one of a few
   */
  noted(what: string, refusal: Error | undefined): void {
    if (refusal) this.#refusals.note(what, refusal);
    else this.#refusals.worked(what);
  }

  /**
   * @param what is asked: one of a few
   * @param number only in that session
   * @throws the store's `AccessError` when it is away; what the server refuses, as it is
   */
  ask<T>(what: string, work: (session: S) => Promise<T>, number?: number): Promise<T> {
    return this.#run(['up'], async ({ session }) => {
      if (number !== undefined && number !== this.#number) throw this.#outages.past();
      return this.#refusals.watch(what, this.#askOf(session)(work));
    });
  }

  /** Settles when the server knows it. When it does not, nothing is read before it does. */
  invalidate(what: Invalidation): Promise<void> {
    return this.#run(
      ['up', 'settling'],
      async ({ session }) => {
        this.#telling.add(what);
        try {
          await this.#store.tell(what, this.#askOf(session));
        } catch (error) {
          this.#refusals.add(error);
          // If it has stopped already, it is owed already.
          if (this.#telling.has(what)) this.#doubt(session, error);
          throw error;
        } finally {
          this.#telling.delete(what);
        }
      },
      () => this.#debts.add(what),
    );
  }

  close(): void {
    const state = this.#state;
    this.#state = { at: 'closed' };
    this.#pings.stop();
    this.#next?.cancel();
    this.#warnings.close();
    if ('session' in state) cut(state.session);
  }

  /** Nothing is known at first: who comes then waits for the connection. */
  async #run<T>(
    when: readonly State<S>['at'][],
    run: (state: { readonly session: S }) => Promise<T>,
    otherwise?: () => void,
  ): Promise<T> {
    this.#pending.begin();
    try {
      if (this.#first) await this.#first;
      const state = this.#state;
      if (!when.includes(state.at) || !('session' in state)) {
        otherwise?.();
        throw this.#away();
      }
      try {
        return await run(state);
      } catch (error) {
        if (!(error instanceof LateError)) throw error;
        if (this.#state === state) this.#doubt(state.session, error);
        throw this.#away();
      }
    } finally {
      this.#pending.end();
    }
  }

  #askOf(session: S): Ask<S> {
    return (work) => within(this.#times.command, work(session), this.#clock);
  }

  async #open(): Promise<void> {
    let session: S | undefined;
    this.#number++;
    try {
      session = this.#store.connect((cause) => this.#lost(session, cause));
    } catch (error) {
      return this.#stop(error, () => this.#open());
    }
    this.#state = { at: 'opening', session };
    await this.#check(session, true);
  }

  async #check(session: S, isNew: boolean): Promise<void> {
    try {
      if (isNew) await within(this.#times.connect, session.ready, this.#clock);
      await within(this.#times.command, session.ping(), this.#clock);
      if (isNew) await this.#store.prepare?.(this.#askOf(session));
    } catch (error) {
      return this.#lost(session, error);
    }
    if (this.#has(session)) await this.#settle(session, isNew && this.#missed);
  }

  /**
   * Tells it what is owed. If it answers, and still refuses that, it is dropped: behind the same name
   * there may be another one soon.
   */
  async #settle(session: S, missed: boolean): Promise<void> {
    const state = { at: 'settling', session } as const;
    this.#state = state;
    const pay = (owed: Invalidation) =>
      this.#store.tell(this.#store.widen?.(owed) ?? owed, this.#askOf(session));
    try {
      while (this.#state === state && !this.#debts.isEmpty) await this.#debts.pay(pay);
      // From here on nothing is awaited, so nothing is owed when it is up.
      if (this.#state === state && missed) this.#store.missed?.();
    } catch (error) {
      return this.#lost(session, error);
    }
    if (this.#state === state) this.#up(session);
  }

  #up(session: S): void {
    this.#state = { at: 'up', session };
    this.#outages.end();
    this.#missed = true;
    this.#pings.begin(session);
    this.#store.resumed?.();
  }

  #doubt(session: S, cause: unknown): void {
    if (!this.#has(session)) return;
    this.#state = { at: 'doubted', session };
    this.#stop(cause, () => this.#check(session, false));
  }

  #lost(session: S | undefined, cause: unknown): void {
    if (!session || !this.#has(session)) return;
    this.#state = { at: 'down' };
    this.#missed = true;
    this.#stop(cause, () => this.#open(), session);
  }

  /** @param dropped a session that is over */
  #stop(cause: unknown, next: () => void, dropped?: S): void {
    this.#pings.stop();
    this.#next?.cancel();
    this.#next = this.#clock.after(this.#times.retry, next);
    for (const what of this.#telling) this.#debts.add(what);
    this.#telling.clear();
    this.#outages.begin(cause);
    if (dropped) cut(dropped);
    this.#store.stopped?.();
  }

  #away(): Error {
    this.#missed = true;
    return this.#state.at === 'closed' ? this.#outages.closed() : this.#outages.away();
  }

  #has(session: S): boolean {
    return 'session' in this.#state && this.#state.session === session;
  }
}

/** Clients throw for a connection that was never made, and there is nothing to be done about it. */
function cut(session: Session): void {
  try {
    session.cut();
  } catch {}
}
