/** Connections by a client of the package `ioredis` that was handed in: one server, or a cluster. */

import type { Argument, Client, RedisConnection, RedisReply } from './connection.ts';

/** As much of a client as is used here. */
export interface Ioredis {
  readonly isCluster?: boolean;
  readonly stream?: { unref?(): void };
  readonly options?: { readonly redisOptions?: object };
  duplicate(override?: object): Ioredis;
  connect(): Promise<unknown>;
  disconnect(): void;
  on(event: string, run: (...args: never[]) => void): unknown;
  subscribe(...channels: string[]): Promise<unknown>;
  callBuffer(command: string, ...args: Argument[]): Promise<RedisReply>;
}

export interface IoredisCluster extends Omit<Ioredis, 'duplicate'> {
  duplicate(nodes: readonly object[], override?: object): IoredisCluster;
  nodes(role: 'master'): readonly Ioredis[];
}

const never = () => null;

function overrides(connectTimeout: number): object {
  return {
    connectTimeout,
    lazyConnect: true,
    retryStrategy: never,
    reconnectOnError: null,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: undefined,
    keyPrefix: '',
  };
}

export function ioredisClient(given: Ioredis, connectTimeout: number): Client {
  const own = () => given.duplicate(overrides(connectTimeout));
  return {
    isCluster: false,
    commands: (lost) => connectionOf(own(), lost),
    subscriber: (_, lost) => connectionOf(own(), lost),
  };
}

export function ioredisCluster(given: IoredisCluster, connectTimeout: number): Client {
  const clusters = new WeakMap<RedisConnection, IoredisCluster>();
  return {
    isCluster: true,
    commands(lost) {
      const redisOptions = { ...given.options?.redisOptions, ...overrides(connectTimeout) };
      const ofCluster = {
        lazyConnect: true,
        clusterRetryStrategy: never,
        enableOfflineQueue: false,
        keyPrefix: '',
        redisOptions,
      };
      const cluster = given.duplicate([], ofCluster);
      const connection = connectionOf(cluster, lost);
      clusters.set(connection, cluster);
      return connection;
    },
    // Whichever node it is: they pass messages on to each other.
    subscriber(commands, lost) {
      const [node] = clusters.get(commands)?.nodes('master') ?? [];
      if (!node) throw new Error('the cluster has no node');
      return connectionOf(node.duplicate(overrides(connectTimeout)), lost);
    },
  };
}

/** A refusal of the server's has the command with it, which may be the one with the password. */
function withoutCommand(cause: unknown): unknown {
  if (cause instanceof Error) Reflect.deleteProperty(cause, 'command');
  return cause;
}

function connectionOf(
  client: Ioredis | IoredisCluster,
  lost: (cause: unknown) => void,
): RedisConnection {
  client.on('error', (cause: unknown) => lost(withoutCommand(cause)));
  client.on('end', () => lost(undefined));
  const nodes = () => ('nodes' in client ? client.nodes('master') : [client]);
  return {
    async open() {
      await client.connect().catch((cause: unknown) => {
        throw withoutCommand(cause);
      });
      for (const { stream } of nodes()) stream?.unref?.();
    },
    send: ([command, ...args]) => client.callBuffer(String(command), ...args),
    async subscribe(channels, heard) {
      client.on('messageBuffer', (channel: Buffer, message: Buffer) =>
        heard(String(channel), message),
      );
      await client.subscribe(...channels);
    },
    ping: () => Promise.all(nodes().map((node) => node.callBuffer('PING'))),
    cut: () => client.disconnect(),
  };
}
