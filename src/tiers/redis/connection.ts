/**
 * What the tier needs of a client of Redis, whichever package it is from: two connections, one for
 * commands and one on which messages arrive, which live and die together. Neither reconnects by
 * itself, and neither queues what it cannot send: `../availability.ts` decides what happens then.
 */

import type { Session } from '../session.ts';

export type Argument = string | Buffer;

/** What Redis answers; texts are bytes. */
export type RedisReply = Buffer | number | string | null | undefined | readonly RedisReply[];

/** One connection, or those to all nodes of a cluster. */
export interface RedisConnection {
  /** Settles when commands can be sent. */
  open(): Promise<void>;
  /** @param key a key of the command's, by which a cluster finds the node */
  send(args: readonly Argument[], key: string): Promise<RedisReply>;
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

/** A client of the user's: its settings are used, and its own connection is not. */
export interface Client {
  /** A script can only reach the keys of one slot. */
  readonly isCluster: boolean;
  /** Not opened yet. `lost` is called when it is over, for whatever reason. */
  commands(lost: (cause: unknown) => void): RedisConnection;
  /** Called when the commands' connection is open. */
  subscriber(commands: RedisConnection, lost: (cause: unknown) => void): RedisConnection;
}

export interface SessionEvents {
  heard(channel: string, message: Buffer): void;
  lost(cause: unknown): void;
}

export interface RedisSession extends Session {
  send(args: readonly Argument[], key: string): Promise<RedisReply>;
}

/** Connects, and subscribes to the channels. */
export function openSession(
  client: Client,
  channels: readonly string[],
  { heard, lost }: SessionEvents,
): RedisSession {
  const commands = client.commands(lost);
  let subscriber: RedisConnection | undefined;
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
