/** What users may set of a Keyv tier, its defaults, and its checks. */

import { type Duration, refuseUnknown, wrong } from '../../options.ts';
import { positive, prefixOf } from '../store-options.ts';

/** What is used of a Keyv: any of version 5 or later. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  getMany?(keys: string[]): Promise<readonly unknown[]>;
  set(key: string, value: string, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<unknown>;
  disconnect?(): Promise<void>;
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

export interface KeyvTierOptions {
  /** What all keys begin with. Tiers with one prefix share everything. Default: `'threadmemo'`. */
  readonly prefix?: string;
  /** How long a record is kept whose own `ttl` is longer, or that has none. Default: 7 days. */
  readonly maxAge?: Duration;
  /** In which the store must answer; if it does not, it is asked again later. Default: 1 s. */
  readonly timeout?: Duration;
}

export interface ResolvedKeyvTierOptions {
  readonly prefix: string;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Plain characters only: stores make file names of keys, and queries. */
const PREFIX = /^[\w.-]{1,100}$/;

/** @throws {OptionError} */
export function resolveKeyvTierOptions(options: KeyvTierOptions): ResolvedKeyvTierOptions {
  refuseUnknown(options, 'keyvTier', ['prefix', 'maxAge', 'timeout']);
  return {
    prefix: prefixOf(options.prefix, PREFIX, 'a text of 1 to 100 letters, digits, and . _ -'),
    maxAge: positive('maxAge', options.maxAge ?? '7d', Number.POSITIVE_INFINITY),
    timeout: positive('timeout', options.timeout ?? 1000),
  };
}

/** @throws {OptionError} */
export function checkKeyv(keyv: KeyvLike): void {
  const methods = ['get', 'set', 'delete'] as const;
  if (methods.every((method) => typeof keyv?.[method] === 'function')) return;
  throw wrong('the first argument of keyvTier', keyv, 'a Keyv: new Keyv(store)');
}
