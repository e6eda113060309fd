/** What users may set of a Keyv tier, its defaults, and its checks. */

import { type Duration, refuseUnknown, wrong } from '../../options.ts';
import { positive, prefixOf, secretOf } from '../store-options.ts';

/** What is used of a Keyv: any of version 4 or later. */
export interface KeyvLike {
  /** The text stored under a key; `undefined` when there is none. */
  get(key: string): Promise<unknown>;
  /** Several at once, in the order of the keys. */
  getMany?(keys: string[]): Promise<readonly unknown[]>;
  /** Stores a text. @param ttl milliseconds; for ever when left out */
  set(key: string, value: string, ttl?: number): Promise<boolean>;
  /** Removes a key, which need not be there. */
  delete(key: string): Promise<unknown>;
  /** Ends the connection; called when the pool closes. */
  disconnect?(): Promise<void>;
  /** Listens to failures of the store. */
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** What `keyvTier()` takes beside the Keyv; all of it is optional. */
export interface KeyvTierOptions {
  /** What all keys begin with. Tiers with one prefix share everything. Default: `'threadmemo'`. */
  readonly prefix?: string;
  /** How long a record is kept whose own `ttl` is longer, or that has none. Default: 7 days. */
  readonly maxAge?: Duration;
  /**
   * Signs every record, with HMAC-SHA-256: a value that was written without it is not believed. All
   * processes that share records need the same. At least 16 bytes. Default: none.
   */
  readonly secret?: string | Uint8Array;
  /** In which the store must answer; if it does not, it is asked again later. Default: 1 s. */
  readonly timeout?: Duration;
}

export interface ResolvedKeyvTierOptions {
  readonly prefix: string;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly secret: Buffer | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Plain characters only: stores make file names of keys, and queries. */
const PREFIX = /^[\w.-]{1,100}$/;

/** @throws {OptionError} */
export function resolveKeyvTierOptions(options: KeyvTierOptions): ResolvedKeyvTierOptions {
  refuseUnknown(options, 'keyvTier', ['prefix', 'maxAge', 'secret', 'timeout']);
  const { maxAge = '7d', timeout = 1000 } = options;
  return {
    prefix: prefixOf(options.prefix, PREFIX, 'a text of 1 to 100 letters, digits, and . _ -'),
    maxAge: positive('maxAge', maxAge, Number.POSITIVE_INFINITY),
    secret: secretOf(options.secret),
    timeout: positive('timeout', timeout),
  };
}

/** @throws {OptionError} */
export function checkKeyv(keyv: KeyvLike): void {
  const methods = ['get', 'set', 'delete'] as const;
  if (methods.every((method) => typeof keyv?.[method] === 'function')) return;
  throw wrong('the first argument of keyvTier', keyv, 'a Keyv: new Keyv(store)');
}
