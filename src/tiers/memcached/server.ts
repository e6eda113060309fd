/** One memcached server, as `availability.ts` keeps it: a session is one connection. */

import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { TierAccessError } from '../../errors.ts';
import { Availability } from '../availability.ts';
import type { Ask, AvailabilityTimes, Session } from '../session.ts';
import type { Invalidation } from '../tier.ts';
import { Connection, type Send } from './connection.ts';
import { ServerError } from './replies.ts';

export interface Server {
  /** `host:port` */
  readonly address: string;
  readonly availability: Availability<MemcachedSession>;
  /** @throws {TierAccessError} when it is away. What memcached refuses is a `ServerError`. */
  readonly send: Send;
}

export interface ServerEvents {
  connect(): Duplex;
  /** Tells the server what has become invalid. */
  tell(what: Invalidation, send: Send): Promise<void>;
  /** It is used again. */
  resumed(): void;
}

interface MemcachedSession extends Session {
  readonly send: Send;
}

/** Nobody is told anything, and who waits looks at the server all the time. */
const NEVER = Number.POSITIVE_INFINITY;

export function openServer(
  address: string,
  clock: Clock,
  times: Pick<AvailabilityTimes, 'command' | 'connect' | 'retry'>,
  { connect, tell, resumed }: ServerEvents,
): Server {
  const store = {
    name: `memcached at ${address}`,
    AccessError: TierAccessError,
    connect: (lost: (cause: unknown) => void) => sessionOver(connect(), lost),
    refusal: refusalOf,
    tell: (what: Invalidation, ask: Ask<MemcachedSession>) =>
      tell(what, (command) => ask((session) => session.send(command))),
    widen,
    resumed,
  };
  const pings = { ping: NEVER, pingWhenWaiting: NEVER };
  const availability = new Availability(store, clock, { ...times, ...pings });
  const send: Send = (command) =>
    availability.ask(command.line.slice(0, 2), (session) => session.send(command));
  return { address, availability, send };
}

function sessionOver(stream: Duplex, lost: (cause: unknown) => void): MemcachedSession {
  const connection = new Connection(stream, lost);
  const ping = () => connection.send({ line: 'mn' });
  return { ready: ping(), ping, send: connection.send, cut: () => connection.cut() };
}

/** What is too large is the record's fault, and counted with the records. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof ServerError) || error.message.includes('too large')) return undefined;
  return error.message;
}

/**
 * All of the function for one of its keys: what was written over a connection that was given up may
 * arrive after what is said over the next one, and then belongs to a generation that is over.
 */
function widen({ functionId }: Invalidation): Invalidation {
  return functionId === undefined ? {} : { functionId };
}
