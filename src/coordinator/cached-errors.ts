/**
 * Errors that are answers for a while (`cacheErrors`): in this process's memory only, and within limits of
 * their own, so that errors of random keys push out no values. The one that was used least lately goes
 * first.
 *
 * Invariant: an error is here only if no invalidation of its key, its function, or of a tag that
 * its function may have, has come since its computation began; and not beside a value that is kept.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { Encoded } from '../protocol.ts';
import type { FunctionRecord } from './function-record.ts';

/** Of all functions together. */
const MOST = 1000;
const MOST_BYTES = 2 ** 20;
/** One that takes more is not kept. */
const LARGEST = 2 ** 16;

/** What may be said of one. */
export interface ErrorSight {
  readonly bytes: number;
  /** By the clock. */
  readonly since: number;
  readonly until: number;
}

export interface CachedError extends ErrorSight {
  readonly fn: FunctionRecord;
  readonly error: Encoded;
}

export class CachedErrors {
  readonly #clock: Clock;
  /** By full key, the one that was used least lately first. */
  readonly #errors = new Map<string, CachedError>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#errors.size;
  }

  /** Counts as a hit. @param maxAge milliseconds: an older one is none */
  hit(fn: FunctionRecord, key: string, maxAge = Number.POSITIVE_INFINITY): CachedError | undefined {
    const fullKey = keyOf(fn.info.id, key);
    const cached = this.#errors.get(fullKey);
    const now = this.#clock.now();
    if (!cached || now - cached.since > maxAge) return undefined;
    this.#remove(fullKey);
    if (cached.until <= now) return undefined;
    this.#add(fullKey, cached);
    fn.counters.errorHits++;
    return cached;
  }

  /** What a call would be answered with; that it was looked at counts as nothing. */
  sight(fn: FunctionRecord, key: string): ErrorSight | undefined {
    const cached = this.#errors.get(keyOf(fn.info.id, key));
    return cached && cached.until > this.#clock.now() ? cached : undefined;
  }

  /** @param ms for which it is an answer */
  keep(fn: FunctionRecord, key: string, error: Encoded, ms: number): void {
    const fullKey = keyOf(fn.info.id, key);
    const bytes = error.bytes.byteLength + 2 * fullKey.length;
    this.#remove(fullKey);
    if (ms <= 0 || bytes > LARGEST) return;
    const since = this.#clock.now();
    this.#add(fullKey, { fn, error, bytes, since, until: since + ms });
    for (const oldest of this.#errors.keys()) {
      if (this.#errors.size <= MOST && this.#bytes <= MOST_BYTES) return;
      this.#remove(oldest);
    }
  }

  /** That of one key, or all of the function's. */
  drop(fn: FunctionRecord, key: string | undefined): void {
    if (this.size === 0) return;
    if (key === undefined) this.#dropAll((each) => each === fn);
    else this.#remove(keyOf(fn.info.id, key));
  }

  /** Those of functions with tags: which tags the value would have had is not known. */
  dropTagged(): void {
    this.#dropAll(({ info }) => info.isTagged === true);
  }

  clear(): void {
    this.#dropAll(() => true);
  }

  #dropAll(isDropped: (fn: FunctionRecord) => boolean): void {
    for (const [fullKey, { fn }] of this.#errors) if (isDropped(fn)) this.#remove(fullKey);
  }

  #add(fullKey: string, cached: CachedError): void {
    this.#errors.set(fullKey, cached);
    this.#bytes += cached.bytes;
  }

  #remove(fullKey: string): void {
    const cached = this.#errors.get(fullKey);
    if (cached) this.#bytes -= cached.bytes;
    this.#errors.delete(fullKey);
  }
}
