/**
 * The Redis server, as far as it is there: at most one session with it, and a circuit breaker.
 *
 * `up`: commands are sent, and each has a time limit. When one of them is not answered in time, the
 * server is `doubted`: nothing is sent but a ping, a little later. If that is answered, it is `up`
 * again, and no message was missed; if not, or if a connection ends, it is `down`: the session is
 * dropped, and another one tried again and again. What is asked meanwhile is rejected at once, so
 * nothing waits and nothing piles up. A ping now and then finds connections that look alive and are
 * dead: messages would be missed without anybody noticing.
 *
 * Whoever listens is told before the first command of a new session that messages may have been
 * missed.
 */

import type { Clock, Timer } from '../../clock.ts';
import { RedisAccessError } from '../../errors.ts';
import { type Client, openSession, type Session } from './connection.ts';
import type { Send } from './scripts.ts';

/** Milliseconds. */
export interface ServerTimes {
  /** In which a command must be answered. */
  readonly command: number;
  /** In which both connections must be made. */
  readonly connect: number;
  /** Until the next try. */
  readonly retry: number;
  /** Between two pings. */
  readonly ping: number;
  /** The same, while somebody waits for what another process does. */
  readonly pingWhenWaiting: number;
}

export interface ServerEvents {
  heard(channel: string, message: Buffer): void;
  /** A new session begins; `missed`: there was something before it of which nothing was heard. */
  begins(missed: boolean, send: Send): Promise<void>;
  /** Nothing is answered for now. */
  stopped(): void;
}

type State =
  | { readonly at: 'opening'; readonly session: Session }
  | { readonly at: 'up'; readonly session: Session }
  | { readonly at: 'doubted'; readonly session: Session }
  | { readonly at: 'down' }
  | { readonly at: 'closed' };

export class Server {
  readonly #client: Client;
  readonly #channels: readonly string[];
  readonly #clock: Clock;
  readonly #times: ServerTimes;
  readonly #events: ServerEvents;
  #state: State = { at: 'down' };
  /** Settles when the first try has ended. */
  readonly #first: Promise<void>;
  #hasTried = false;
  /** Something was asked for, or could have been heard, that was not. */
  #missed = false;
  #cause: unknown;
  #outages = 0;
  #isOut = false;
  #next: Timer | undefined;
  #pending = 0;
  #awake: Timer | undefined;
  #waited = false;

  constructor(
    client: Client,
    channels: readonly string[],
    clock: Clock,
    times: ServerTimes,
    events: ServerEvents,
  ) {
    this.#client = client;
    this.#channels = channels;
    this.#clock = clock;
    this.#times = times;
    this.#events = events;
    this.#first = this.#open();
  }

  get isUp(): boolean {
    return this.#state.at === 'up';
  }

  /** Times that it has been away. */
  get outages(): number {
    return this.#outages;
  }

  /** @throws {RedisAccessError} when it is away. What Redis itself refuses is thrown as it is. */
  readonly send: Send = async (args, key) => {
    this.#count(1);
    try {
      // Nothing is known before: who comes first waits for the connection.
      if (!this.#hasTried) await this.#first;
      if (this.#state.at !== 'up') throw this.#away();
      return await this.#inTime(this.#state.session.send(args, key));
    } finally {
      this.#count(-1);
    }
  };

  /** Whether somebody waits for what another process does, and must not wait for a dead server. */
  set waited(waited: boolean) {
    if (this.#waited === waited) return;
    this.#waited = waited;
    if (this.#state.at === 'up') this.#pingLater();
  }

  close(): void {
    const state = this.#state;
    this.#state = { at: 'closed' };
    this.#next?.cancel();
    if ('session' in state) state.session.cut();
  }

  async #open(): Promise<void> {
    const session: Session = openSession(this.#client, this.#channels, {
      heard: (channel, message) => this.#events.heard(channel, message),
      lost: (cause) => this.#lost(session, cause),
    });
    this.#state = { at: 'opening', session };
    try {
      await this.#within(this.#times.connect, session.ready);
      const send: Send = (args, key) => this.#within(this.#times.command, session.send(args, key));
      await this.#within(this.#times.command, session.ping());
      await this.#events.begins(this.#missed, send);
      if (this.#state.at === 'opening') this.#up(session);
    } catch (error) {
      this.#lost(session, error);
    } finally {
      this.#hasTried = true;
    }
  }

  #up(session: Session): void {
    this.#state = { at: 'up', session };
    this.#isOut = false;
    this.#missed = true;
    this.#pingLater();
  }

  #pingLater(): void {
    this.#next?.cancel();
    const { ping, pingWhenWaiting } = this.#times;
    this.#next = this.#clock.after(this.#waited ? pingWhenWaiting : ping, () => this.#ping());
  }

  async #ping(): Promise<void> {
    const state = this.#state;
    if (state.at !== 'up') return;
    try {
      await this.#within(this.#times.command, state.session.ping());
      if (this.#state === state) this.#pingLater();
    } catch (error) {
      if (this.#state === state) this.#doubt(error);
    }
  }

  #doubt(cause: unknown): void {
    if (this.#state.at !== 'up') return;
    const { session } = this.#state;
    this.#state = { at: 'doubted', session };
    this.#stop(cause);
    this.#next = this.#clock.after(this.#times.retry, () => this.#probe(session));
  }

  async #probe(session: Session): Promise<void> {
    try {
      await this.#within(this.#times.command, session.ping());
      const send: Send = (args, key) => this.#within(this.#times.command, session.send(args, key));
      await this.#events.begins(false, send);
      if (this.#state.at === 'doubted' && this.#state.session === session) this.#up(session);
    } catch (error) {
      this.#lost(session, error);
    }
  }

  #lost(session: Session, cause: unknown): void {
    if (!('session' in this.#state) || this.#state.session !== session) return;
    this.#state = { at: 'down' };
    session.cut();
    this.#stop(cause);
    this.#missed = true;
    this.#next = this.#clock.after(this.#times.retry, () => void this.#open());
  }

  #stop(cause: unknown): void {
    this.#next?.cancel();
    if (!this.#isOut) this.#warn(cause);
    this.#events.stopped();
  }

  /** Once an outage. */
  #warn(cause: unknown): void {
    this.#isOut = true;
    this.#outages++;
    this.#cause = cause ?? new Error('the connection has ended');
    const why = this.#cause instanceof Error ? this.#cause.message : String(this.#cause);
    process.emitWarning(
      `Redis does not answer (${why || 'no reason given'}): each process computes for itself until it does`,
      'ThreadmemoWarning',
    );
  }

  #away(): RedisAccessError {
    this.#missed = true;
    const isClosed = this.#state.at === 'closed';
    return new RedisAccessError(
      isClosed
        ? 'the Redis tier was closed, as a pool does with its tiers: open another one with redisTier()'
        : 'Redis does not answer, and is asked again later',
      { cause: this.#cause },
    );
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.#within(this.#times.command, work);
    } catch (error) {
      if (error instanceof LateError) this.#doubt(error);
      throw error instanceof LateError ? this.#away() : error;
    }
  }

  /**
   * A thread that was busy reads what has arrived only after its timers have run: what looks late
   * has two more turns of the event loop.
   */
  #within<T>(ms: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new LateError(`no answer within ${ms} ms`));
      const clock = this.#clock;
      const timer = clock.after(ms, () => clock.soon(() => clock.soon(late)));
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** What is under way keeps the process alive, and nothing else here does. */
  #count(more: 1 | -1): void {
    this.#pending += more;
    if (this.#pending === 0) this.#awake?.cancel();
    else if (this.#pending === 1 && more === 1) this.#awake = this.#clock.stayAlive();
  }
}

class LateError extends Error {}
