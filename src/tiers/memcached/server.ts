/**
 * One memcached server, as far as it is there: at most one connection, and a circuit breaker.
 *
 * A command that is not answered in time ends the connection, because the answers behind it would
 * wait, too. Then what is asked is rejected at once, until another connection, tried again and again,
 * has answered. So nothing waits, and nothing piles up.
 *
 * Invalidations that it has not heard of are made up for before it is asked anything again.
 */

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock.ts';
import { TierAccessError } from '../../errors.ts';
import { Debts } from '../debts.ts';
import type { Invalidation } from '../tier.ts';
import { LateError, within } from '../time-limit.ts';
import { Connection, type Send } from './connection.ts';

/** Milliseconds. */
export interface ServerTimes {
  /** In which a command must be answered. */
  readonly command: number;
  /** In which a connection must be made. */
  readonly connect: number;
  /** Until the next try. */
  readonly retry: number;
}

export interface ServerEvents {
  connect(): Duplex;
  /** Tells the server what has become invalid. */
  tell(what: Invalidation, send: Send): Promise<void>;
}

type State =
  | { readonly at: 'opening' | 'up'; readonly connection: Connection }
  | { readonly at: 'down' }
  | { readonly at: 'closed' };

export class Server {
  /** `host:port` */
  readonly address: string;
  readonly #clock: Clock;
  readonly #times: ServerTimes;
  readonly #events: ServerEvents;
  readonly #debts = new Debts();
  #state: State = { at: 'down' };
  /** Settles when the first try has ended. */
  readonly #first: Promise<void>;
  #hasTried = false;
  #outages = 0;
  #isOut = false;
  #cause: unknown;
  #next: Timer | undefined;
  #pending = 0;
  #awake: Timer | undefined;

  constructor(address: string, clock: Clock, times: ServerTimes, events: ServerEvents) {
    this.address = address;
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

  /** @throws {TierAccessError} when it is away. What memcached refuses is a `ServerError`. */
  readonly send: Send = async (command) => {
    this.#count(1);
    try {
      // Nothing is known before: who comes first waits for the connection.
      if (!this.#hasTried) await this.#first;
      if (this.#state.at !== 'up') throw this.#away();
      const { connection } = this.#state;
      try {
        return await within(this.#times.command, connection.send(command), this.#clock);
      } catch (error) {
        if (!(error instanceof LateError)) throw error;
        this.#lost(connection, error);
        throw this.#away();
      }
    } finally {
      this.#count(-1);
    }
  };

  async invalidate(what: Invalidation): Promise<void> {
    try {
      await this.#events.tell(what, this.send);
    } catch (error) {
      this.#debts.add(what);
      throw error;
    }
  }

  close(): void {
    const state = this.#state;
    this.#state = { at: 'closed' };
    this.#next?.cancel();
    if ('connection' in state) state.connection.cut();
  }

  async #open(): Promise<void> {
    try {
      await this.#connect(this.#events.connect());
    } catch (error) {
      if (this.#state.at === 'down') this.#stop(error);
    } finally {
      this.#hasTried = true;
    }
  }

  async #connect(stream: Duplex): Promise<void> {
    const { connect, command } = this.#times;
    const connection: Connection = new Connection(stream, (cause) => this.#lost(connection, cause));
    this.#state = { at: 'opening', connection };
    try {
      await within(connect, connection.send({ line: 'mn' }), this.#clock);
      const send: Send = (each) => within(command, connection.send(each), this.#clock);
      await this.#debts.settle((what) => this.#events.tell(wider(what), send));
      if (this.#state.at === 'opening') this.#up(connection);
    } catch (error) {
      this.#lost(connection, error);
    }
  }

  #up(connection: Connection): void {
    this.#state = { at: 'up', connection };
    this.#isOut = false;
  }

  #lost(connection: Connection, cause: unknown): void {
    if (!('connection' in this.#state) || this.#state.connection !== connection) return;
    this.#state = { at: 'down' };
    connection.cut();
    this.#stop(cause);
  }

  #stop(cause: unknown): void {
    this.#warn(cause);
    this.#next = this.#clock.after(this.#times.retry, () => void this.#open());
  }

  /** Once an outage. */
  #warn(cause: unknown): void {
    this.#cause = cause;
    if (this.#isOut) return;
    this.#isOut = true;
    this.#outages++;
    const why = cause instanceof Error && cause.message ? cause.message : String(cause);
    process.emitWarning(
      `memcached at ${this.address} does not answer (${why}): each process computes for itself until it does`,
      'ThreadmemoWarning',
    );
  }

  #away(): TierAccessError {
    return new TierAccessError(
      this.#state.at === 'closed'
        ? 'the memcached tier was closed, as a pool does with its tiers: open another one'
        : `memcached at ${this.address} does not answer, and is asked again later`,
      { cause: this.#cause },
    );
  }

  /** What is under way keeps the process alive, and nothing else here does. */
  #count(more: 1 | -1): void {
    this.#pending += more;
    if (this.#pending === 0) this.#awake?.cancel();
    else if (this.#pending === 1 && more === 1) this.#awake = this.#clock.stayAlive();
  }
}

/**
 * All of the function for one of its keys: what was written over a connection that was given up may
 * arrive after what is said over the next one, and then belongs to a generation that is over.
 */
function wider({ functionId }: Invalidation): Invalidation {
  return functionId === undefined ? {} : { functionId };
}
