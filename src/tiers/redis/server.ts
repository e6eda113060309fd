/** The Redis server of a tier, as `availability.ts` keeps it: what a session is, and what is sent in it. */

import type { Clock } from '../../clock.ts';
import { RedisAccessError } from '../../errors.ts';
import { Availability } from '../availability.ts';
import type { Ask, AvailabilityTimes } from '../session.ts';
import type { Invalidation } from '../tier.ts';
import { type Client, openSession, type RedisSession } from './connection.ts';
import { refusalOf } from './refusal.ts';
import { loadScripts, type RedisSend } from './scripts.ts';

export type RedisServer = Availability<RedisSession>;

export interface RedisServerEvents {
  heard(channel: string, message: Buffer): void;
  tell(what: Invalidation, send: RedisSend): Promise<void>;
  /** A new session begins; there was something before it of which nothing arrived. */
  missed(): void;
  /** Nothing is answered for now. */
  stopped(): void;
  /** It is used again. */
  resumed(): void;
}

export function openServer(
  client: Client,
  channels: readonly string[],
  clock: Clock,
  times: AvailabilityTimes,
  events: RedisServerEvents,
): RedisServer {
  const store = {
    name: 'Redis',
    AccessError: RedisAccessError,
    connect: (lost: (cause: unknown) => void) =>
      openSession(client, channels, { heard: events.heard, lost }),
    refusal: refusalOf,
    prepare: (ask: Ask<RedisSession>) => loadScripts(sendOver(ask)),
    tell: (what: Invalidation, ask: Ask<RedisSession>) => events.tell(what, sendOver(ask)),
    missed: events.missed,
    stopped: events.stopped,
    resumed: events.resumed,
  };
  return new Availability(store, clock, times);
}

/** @param number of the session in which it is sent, if in none other */
export function sendTo(server: RedisServer, number?: number): RedisSend {
  return (args, key) => {
    const [command, script] = args;
    const what = command === 'EVALSHA' ? script : command;
    return server.ask(String(what), (session) => session.send(args, key), number);
  };
}

function sendOver(ask: Ask<RedisSession>): RedisSend {
  return (args, key) => ask((session) => session.send(args, key));
}
