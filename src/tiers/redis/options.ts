/** What users may set of a Redis tier, its defaults, and its checks. */

import type { OptionError } from '../../errors.ts';
import { bytes, type Duration, refuseUnknown, type Size, wrong } from '../../options.ts';
import { positive, prefixOf, secretOf } from '../store-options.ts';

/**
 * A client of the package `redis` from version 5 on (`createClient()`, `createCluster()`) or of
 * `ioredis` (`new Redis()`, `new Cluster()`), connected or not.
 */
export type RedisClient = NodeRedisLike | IoredisLike;

export interface NodeRedisLike {
  duplicate(...args: never[]): object;
  sendCommand(...args: never[]): Promise<unknown>;
}

export interface IoredisLike {
  duplicate(...args: never[]): object;
  callBuffer(...args: never[]): Promise<unknown>;
}

/** What `redisTier()` takes: a `url` or a `client`, and limits. */
export interface RedisTierOptions {
  /**
   * `redis[s]://[[user][:password]@][host][:port][/database]`, or `unix:///path/of/the/socket`, for
   * the package `redis`. Default: `redis://localhost:6379`.
   */
  readonly url?: string;
  /**
   * Instead of `url`: a client whose settings are used, TLS, users and clusters among them. The tier
   * makes connections of its own with them, and leaves the client itself alone.
   */
  readonly client?: RedisClient;
  /**
   * What the names of all keys and channels begin with. Tiers with one prefix share everything.
   * Default: `'threadmemo'`.
   */
  readonly prefix?: string;
  /** How long Redis keeps a record whose own `ttl` is longer, or that has none. Default: 7 days. */
  readonly maxAge?: Duration;
  /** Values of more bytes are compressed, with Brotli. Default: none. */
  readonly compressAbove?: Size;
  /**
   * Signs every record, with HMAC-SHA-256: a value that was written without it is not
   * believed. All processes that share records need the same. At least 16 bytes. Default: none.
   */
  readonly secret?: string | Uint8Array;
  /** In which Redis must answer a command; if it does not, it counts as away. Default: 250 ms. */
  readonly timeout?: Duration;
  /** In which a connection must be made; the first calls wait for it. Default: 2 s. */
  readonly connectTimeout?: Duration;
}

export interface ResolvedRedisTierOptions {
  readonly url: string;
  readonly client: RedisClient | undefined;
  readonly prefix: string;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly compressAbove: number;
  readonly secret: Buffer | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
}

/** A brace would move the hash tag, a space would be a puzzle in logs. */
const PREFIX = /^[^\s{}\p{C}]{1,200}$/u;
/** `Infinity` would fill Redis with what cannot be read any more. */
const LONGEST_AGE = 10 * 365 * 24 * 3600 * 1000;

/** Stands for a URL, which may have a password in it, however it is written. */
const HIDDEN = '...';

/** @throws {OptionError} */
export function resolveRedisTierOptions(options: RedisTierOptions): ResolvedRedisTierOptions {
  refuseUnknown(options, 'redisTier', [
    ...['url', 'client', 'prefix', 'maxAge', 'compressAbove', 'secret', 'timeout'],
    'connectTimeout',
  ]);
  const { url = 'redis://localhost:6379', client, compressAbove } = options;
  const { maxAge = '7d', timeout = 250, connectTimeout = 2000 } = options;
  if (client !== undefined && options.url !== undefined) {
    throw wrong('url', HIDDEN, 'left out where a client is given');
  }
  if (client !== undefined) checkClient(client);
  checkUrl(url);
  return {
    url,
    client,
    prefix: prefixOf(
      options.prefix,
      PREFIX,
      'a text without spaces and braces, of 1 to 200 characters',
    ),
    maxAge: positive('maxAge', maxAge, LONGEST_AGE),
    compressAbove:
      compressAbove === undefined
        ? Number.POSITIVE_INFINITY
        : bytes('compressAbove', compressAbove),
    secret: secretOf(options.secret),
    timeout: positive('timeout', timeout),
    connectTimeout: positive('connectTimeout', connectTimeout),
  };
}

function checkUrl(url: unknown): void {
  const protocols = ['redis:', 'rediss:', 'unix:'];
  if (typeof url === 'string' && URL.canParse(url) && protocols.includes(new URL(url).protocol)) {
    return;
  }
  throw wrongUrl(url);
}

export function wrongUrl(url: unknown): OptionError {
  return wrong(
    'url',
    typeof url === 'string' ? HIDDEN : url,
    'a URL that begins with redis:// or rediss://, with [user:password@]host[:port][/number], or ' +
      'one such as unix:///path/of/the/socket',
  );
}

function checkClient(client: RedisClient): void {
  const has = (method: string) =>
    typeof client === 'object' &&
    client !== null &&
    typeof Reflect.get(client, method) === 'function';
  const isIoredis = has('callBuffer');
  // Before version 5 they cannot be destroyed, and give texts for bytes; Sentinel's can `acquire`.
  const isNodeRedis = has('sendCommand') && has('destroy') && !has('acquire');
  if (has('duplicate') && (isIoredis || isNodeRedis)) return;
  throw wrong(
    'client',
    client,
    'made by createClient() or createCluster() of the package redis, version 5 or later, or by ' +
      'new Redis() or new Cluster() of ioredis',
  );
}
