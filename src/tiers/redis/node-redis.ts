/** Connections by the package `redis` (node-redis), to one server or to a cluster. */

import { requirePeer } from '../../installed.ts';
import type { Argument, Client, RedisConnection, RedisReply } from './connection.ts';
import { wrongUrl } from './options.ts';

/** As much of a client as is used here. */
export interface NodeRedis {
  readonly options?: { readonly socket?: object };
  duplicate(overrides?: object): NodeRedis;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: string, run: (cause?: unknown) => void): unknown;
  unref(): void;
  subscribe(
    channels: readonly string[],
    heard: (message: Buffer, channel: Buffer) => void,
    asBuffers: true,
  ): Promise<unknown>;
  sendCommand(args: readonly Argument[], options?: object): Promise<RedisReply>;
}

export interface NodeRedisCluster {
  duplicate(overrides?: object): NodeRedisCluster;
  readonly _options?: { readonly defaults?: { readonly socket?: object } };
  readonly masters: readonly object[];
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: string, run: (cause?: unknown) => void): unknown;
  nodeClient(node: object): NodeRedis | Promise<NodeRedis>;
  sendCommand(
    key: string | undefined,
    isReadonly: boolean,
    args: readonly Argument[],
    options?: object,
  ): Promise<RedisReply>;
}

/** Texts of replies as bytes (36 is `RESP_TYPES.BLOB_STRING`); the time limit is the tier's own. */
const BINARY = { timeout: undefined, typeMapping: { 36: Buffer } };

/** What the tier does itself, or does not want; over the settings of a client that was handed in. */
const OVERRIDES = {
  disableOfflineQueue: true,
  pingInterval: undefined,
  clientSideCache: undefined,
  emitInvalidate: undefined,
  keyPrefix: undefined,
  commandsQueueMaxLength: undefined,
  readonly: undefined,
};

/** @throws {MissingPackageError} @throws {OptionError} for a URL that the package does not take */
export function clientOfUrl(url: string, connectTimeout: number): Client {
  const { createClient } = nodeRedis();
  return nodeRedisClient(made(createClient, url), connectTimeout);
}

function made(createClient: (options: object) => NodeRedis, url: string): NodeRedis {
  try {
    return createClient({ url, maintNotifications: 'disabled' });
  } catch {
    // What was thrown has the URL in it, and the URL may have a password.
    throw wrongUrl(url);
  }
}

export function nodeRedisClient(given: NodeRedis, connectTimeout: number): Client {
  const own = () => given.duplicate(overrides(given.options?.socket, connectTimeout));
  return {
    isCluster: false,
    commands: (lost) => connectionOf(own(), lost),
    subscriber: (_, lost) => connectionOf(own(), lost),
  };
}

export function nodeRedisCluster(given: NodeRedisCluster, connectTimeout: number): Client {
  const clusters = new WeakMap<RedisConnection, NodeRedisCluster>();
  return {
    isCluster: true,
    commands(lost) {
      const { defaults } = given._options ?? {};
      const ofNodes = { ...defaults, ...overrides(defaults?.socket, connectTimeout) };
      const cluster = given.duplicate({ defaults: ofNodes, keyPrefix: undefined });
      const connection = connectionOfCluster(cluster, lost);
      clusters.set(connection, cluster);
      return connection;
    },
    // Whichever node it is: they pass messages on to each other.
    subscriber(commands, lost) {
      const cluster = clusters.get(commands) as NodeRedisCluster;
      return deferred(async () => {
        const [node] = cluster.masters;
        if (!node) throw new Error('the cluster has no node');
        const client = await cluster.nodeClient(node);
        return connectionOf(client.duplicate(OVERRIDES), lost);
      });
    },
  };
}

function overrides(socket: object | undefined, connectTimeout: number): object {
  return { ...OVERRIDES, socket: { ...socket, connectTimeout, reconnectStrategy: false } };
}

function connectionOf(client: NodeRedis, lost: (cause: unknown) => void): RedisConnection {
  client.on('error', lost);
  client.on('end', lost);
  let isCut = false;
  return {
    async open() {
      client.unref();
      await client.connect();
      // It goes on connecting when it is destroyed meanwhile.
      if (isCut) client.destroy();
    },
    send: (args) => client.sendCommand(args, BINARY),
    async subscribe(channels, heard) {
      await client.subscribe(channels, (message, name) => heard(String(name), message), true);
    },
    ping: () => client.sendCommand(['PING'], BINARY),
    cut() {
      isCut = true;
      client.destroy();
    },
  };
}

function connectionOfCluster(
  cluster: NodeRedisCluster,
  lost: (cause: unknown) => void,
): RedisConnection {
  cluster.on('error', lost);
  cluster.on('node-error', lost);
  return {
    async open() {
      await cluster.connect();
      for (const node of cluster.masters) (await cluster.nodeClient(node)).unref();
    },
    send: (args, key) => cluster.sendCommand(key, false, args, BINARY),
    subscribe: () => Promise.reject(new Error('commands and messages have a connection each')),
    ping: () =>
      Promise.all(
        cluster.masters.map(async (node) =>
          (await cluster.nodeClient(node)).sendCommand(['PING'], BINARY),
        ),
      ),
    cut: () => cluster.destroy(),
  };
}

/** A connection whose client is only known when it is opened. */
function deferred(make: () => Promise<RedisConnection>): RedisConnection {
  let made: RedisConnection | undefined;
  let isCut = false;
  const use = () => made ?? Promise.reject(new Error('the connection is not open'));
  return {
    async open() {
      made = await make();
      if (isCut) throw new Error('the connection was dropped while it was made');
      await made.open();
    },
    send: async (args, key) => (await use()).send(args, key),
    subscribe: async (channels, heard) => (await use()).subscribe(channels, heard),
    ping: async () => (await use()).ping(),
    cut() {
      isCut = true;
      made?.cut();
    },
  };
}

function nodeRedis(): { createClient(options: object): NodeRedis } {
  const loaded = requirePeer('redis', 'redisTier() reaches Redis');
  return loaded as { createClient(options: object): NodeRedis };
}
