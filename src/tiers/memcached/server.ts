/** One memcached server, as `availability.ts` keeps it: a session is one connection. */

import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { TierAccessError } from '../../errors.ts';
import { Availability } from '../availability.ts';
import type { Ask, AvailabilityTimes, Session } from '../session.ts';
import { allOf, type Invalidation } from '../tier.ts';
import { MemcachedConnection, type MemcachedSend } from './connection.ts';
import { ServerError } from './replies.ts';

export interface MemcachedServer {
  /** `host:port` */
  readonly address: string;
  readonly availability: Availability<MemcachedSession>;
  /** @throws {TierAccessError} when it is away. What memcached refuses is a `ServerError`. */
  readonly send: MemcachedSend;
}

export interface MemcachedServerEvents {
  connect(): Duplex;
  /** Tells the server what has become invalid. */
  tell(what: Invalidation, send: MemcachedSend): Promise<void>;
  /** It is used again. */
  resumed(): void;
}

interface MemcachedSession extends Session {
  readonly send: MemcachedSend;
}

/** There are no notifications, and a waiting process looks at the server all the time. */
const NEVER = Number.POSITIVE_INFINITY;

export function openServer(
  address: string,
  clock: Clock,
  times: Pick<AvailabilityTimes, 'command' | 'connect' | 'retry'>,
  { connect, tell, resumed }: MemcachedServerEvents,
): MemcachedServer {
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
  const send: MemcachedSend = (command) =>
    availability.ask(command.line.slice(0, 2), (session) => session.send(command));
  return { address, availability, send };
}

function sessionOver(stream: Duplex, lost: (cause: unknown) => void): MemcachedSession {
  const connection = new MemcachedConnection(stream, lost);
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
 * arrive after what is sent over the next one, and then belongs to a generation that is over.
 */
function widen(owed: Invalidation): Invalidation {
  return owed.of === 'key' ? allOf(owed.functionId) : owed;
}
