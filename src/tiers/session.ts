/**
 * What a tier says of the server that it stores in: how a session with it is made, and what the
 * server is told. When there is one, `availability.ts` decides.
 */

import type { Invalidation } from './tier.ts';

/** Milliseconds. */
export interface AvailabilityTimes {
  /** In which what is asked must be answered. */
  readonly command: number;
  /** In which a session must be made. */
  readonly connect: number;
  /** Until the next try. */
  readonly retry: number;
  /** Between two pings. */
  readonly ping: number;
  /** The same, while a call waits for what another process does. */
  readonly pingWhenWaiting: number;
}

export interface AvailabilityStats {
  /** It answers, as far as this process knows. */
  readonly connected: boolean;
  /** Times that it did not. */
  readonly outages: number;
  /** What it has refused. */
  readonly refused: number;
}

export interface Session {
  /** Settles when it is made. */
  readonly ready: Promise<unknown>;
  ping(): Promise<unknown>;
  /** Drops it at once; what was sent is rejected. */
  cut(): void;
}

/** Asks a session, with the time limit. */
export type Ask<S> = <T>(work: (session: S) => Promise<T>) => Promise<T>;

/** What the machine needs to know of the server, and calls. */
export interface SessionStore<S extends Session> {
  /** As users call it. */
  readonly name: string;
  /** What is thrown when it is not there, or closed. */
  readonly AccessError: new (
    message: string,
    options: ErrorOptions,
  ) => Error;
  /** Begins to connect. `lost` is called when the session is over, for whatever reason. */
  connect(lost: (cause: unknown) => void): S;
  /** A word for why, where the server itself has refused; it is there, then. */
  refusal(error: unknown): string | undefined;
  /** Before anything else is asked of a new session. */
  prepare?(ask: Ask<S>): Promise<void>;
  /** Tells the server what has become invalid. */
  tell(what: Invalidation, ask: Ask<S>): Promise<void>;
  /** What is sent of an invalidation that is owed, where more must become invalid by then. */
  widen?(owed: Invalidation): Invalidation;
  /** Before anything is asked of a new session: others may have sent what did not arrive. */
  missed?(): void;
  /** Nothing is answered for now. */
  stopped?(): void;
  /** It is used again, or for the first time. */
  resumed?(): void;
}
