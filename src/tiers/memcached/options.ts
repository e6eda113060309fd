/** What users may set of a memcached tier, its defaults, and its checks. */

import type { Duplex } from 'node:stream';
import { bytes, type Duration, refuseUnknown, type Size, wrong } from '../../options.ts';
import { positive, prefixOf, secretOf } from '../store-options.ts';

/** Where a memcached server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What `memcachedTier()` takes; only `servers` or `connect` must be given, if memcached is not on this machine. */
export interface MemcachedTierOptions {
  /**
   * `host`, `host:port` or `[IPv6]:port`, one or several, over which the keys are spread. All
   * processes need the same ones, in any order. Default: `'localhost:11211'`.
   */
  readonly servers?: string | readonly string[];
  /** Makes a connection: for TLS, or a socket in the file system. Default: `net.connect`. */
  readonly connect?: (address: Address) => Duplex;
  /** What all keys begin with. Tiers with one prefix share everything. Default: `'threadmemo'`. */
  readonly prefix?: string;
  /**
   * How long a record is kept whose own `ttl` is longer, or that has none: at most, because what was
   * not used for longest goes when memcached is full. Up to 29 days. Default: 7 days.
   */
  readonly maxAge?: Duration;
  /** The largest item that memcached takes: its own `-I`. Default: 1 MiB. */
  readonly maxItemSize?: Size;
  /** Values of more bytes are compressed, with Brotli. Default: none. */
  readonly compressAbove?: Size;
  /**
   * Signs every record, with HMAC-SHA-256: a value that was written without it is not believed. All
   * processes that share records need the same. At least 16 bytes. Default: none.
   */
  readonly secret?: string | Uint8Array;
  /** In which memcached must answer; if it does not, it counts as away. Default: 250 ms. */
  readonly timeout?: Duration;
  /** In which a connection must be made; the first calls wait for it. Default: 1 s. */
  readonly connectTimeout?: Duration;
}

export interface ResolvedMemcachedTierOptions {
  readonly servers: readonly Address[];
  readonly connect: ((address: Address) => Duplex) | undefined;
  readonly prefix: string;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Bytes. */
  readonly maxItemSize: number;
  /** Bytes. */
  readonly compressAbove: number;
  readonly secret: Buffer | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
}

const DEFAULT_PORT = 11211;
/** memcached takes what is more than 30 days for a date. */
const LONGEST_AGE = 29 * 24 * 3600 * 1000;

/** @throws {OptionError} */
export function resolveMemcachedTierOptions(
  options: MemcachedTierOptions,
): ResolvedMemcachedTierOptions {
  refuseUnknown(options, 'memcachedTier', [
    ...['servers', 'connect', 'prefix', 'maxAge', 'maxItemSize', 'compressAbove'],
    ...['secret', 'timeout', 'connectTimeout'],
  ]);
  const { servers = 'localhost', connect, compressAbove } = options;
  const { maxAge = '7d', maxItemSize = '1mb', timeout = 250, connectTimeout = 1000 } = options;
  if (connect !== undefined && typeof connect !== 'function') {
    throw wrong('connect', connect, 'a function that returns a stream');
  }
  return {
    servers: addresses(servers),
    connect,
    prefix: prefixOf(
      options.prefix,
      /^[!-~]{1,100}$/,
      'a text of 1 to 100 plain characters, without spaces',
    ),
    maxAge: positive('maxAge', maxAge, LONGEST_AGE),
    maxItemSize: bytes('maxItemSize', maxItemSize),
    compressAbove:
      compressAbove === undefined
        ? Number.POSITIVE_INFINITY
        : bytes('compressAbove', compressAbove),
    secret: secretOf(options.secret),
    timeout: positive('timeout', timeout),
    connectTimeout: positive('connectTimeout', connectTimeout),
  };
}

export function addressText({ host, port }: Address): string {
  return `${host}:${port}`;
}

function addresses(servers: unknown): readonly Address[] {
  const given: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  const read = given.map(address);
  const isEach = new Set(read.map(addressText)).size === read.length;
  if (read.length > 0 && isEach) return read;
  throw wrong('servers', servers, 'one server or more, each once');
}

function address(server: unknown): Address {
  const text = typeof server === 'string' ? server : '';
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(text);
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (match && port > 0 && port < 65_536) return { host: match[1] ?? (match[2] as string), port };
  throw wrong('servers', server, "texts such as 'cache', 'cache:11211' or '[::1]:11211'");
}
