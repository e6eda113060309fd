/**
 * What the tier needs of a client of Redis, whichever package it is from: two connections, one for
 * commands and one on which messages are heard, which live and die together. Neither reconnects by
 * itself, and neither queues what it cannot send: `../availability.ts` decides what happens then.
 */

import type { Session } from '../session.ts';

export type Argument = string | Buffer;

/** What Redis answers; texts are bytes. */
export type Reply = Buffer | number | string | null | undefined | readonly Reply[];

/** One connection, or those to all nodes of a cluster. */
export interface Connection {
  /** Settles when commands can be sent. */
  open(): Promise<void>;
  /** @param key a key of the command's, by which a cluster finds the node */
  send(args: readonly Argument[], key: string): Promise<Reply>;
  subscribe(
    channels: readonly string[],
    heard: (channel: string, message: Buffer) => void,
  ): Promise<void>;
  ping(): Promise<unknown>;
  /**
   * Drops it at once; what was sent is rejected.
   * @throws whatever a client does for a connection that was never made (redis before 6.3)
   */
  cut(): void;
}

/** A client that somebody has made: its settings are used, and its own connection is not. */
export interface Client {
  /** Not opened yet. `lost` is called when it is over, for whatever reason. */
  commands(lost: (cause: unknown) => void): Connection;
  /** Called when the commands' connection is open. */
  subscriber(commands: Connection, lost: (cause: unknown) => void): Connection;
}

export interface SessionEvents {
  heard(channel: string, message: Buffer): void;
  lost(cause: unknown): void;
}

export interface RedisSession extends Session {
  send(args: readonly Argument[], key: string): Promise<Reply>;
}

/** Connects, and hears what is said on the channels. */
export function openSession(
  client: Client,
  channels: readonly string[],
  { heard, lost }: SessionEvents,
): RedisSession {
  const commands = client.commands(lost);
  let subscriber: Connection | undefined;
  let isCut = false;
  const open = async () => {
    await commands.open();
    if (isCut) throw new Error('the connection was dropped while it was made');
    subscriber = client.subscriber(commands, lost);
    await subscriber.open();
    await subscriber.subscribe(channels, heard);
  };
  const ping = async () => {
    // Until both have answered.
    await Promise.all([commands.ping(), subscriber?.ping()]);
  };
  return {
    ready: open(),
    send: (args, key) => commands.send(args, key),
    ping,
    cut() {
      isCut = true;
      try {
        commands.cut();
      } finally {
        subscriber?.cut();
      }
    },
  };
}
