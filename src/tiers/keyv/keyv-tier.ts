/**
 * Any store that Keyv has an adapter for, as a plain tier.
 *
 * All that is asked of the store is to keep texts under names, because that is what all of them do:
 * records are base64, whatever the store makes of bytes. A record belongs to two generations, random
 * ones that stand in the store under names of their own: that of everything, and that of its
 * function. To clear is to replace a generation, because few stores can list what they hold; records
 * of an older one are read by nobody and go when their time is over.
 *
 * Keyv reports most failures by an event, and answers as if there were nothing; only `set` says
 * whether it has succeeded. So whatever must not fail unnoticed is a `set` in the end.
 */

import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import { Debts } from '../debts.ts';
import { identityOf, nameOf } from '../identity.ts';
import { decodeRecord, encodeRecord, HEAD_BYTES, type RecordFormat } from '../record.ts';
import type { Invalidation, Tier, TierRecord } from '../tier.ts';
import { within } from '../time-limit.ts';
import { Breaker } from './breaker.ts';
import {
  checkKeyv,
  type KeyvLike,
  type KeyvTierOptions,
  type ResolvedKeyvTierOptions,
  resolveKeyvTierOptions,
} from './options.ts';

const GENERATION_BYTES = 8;
/** Milliseconds. */
const RETRY = 1000;
/** Milliseconds for which a record that could not be deleted is replaced by nothing. */
const TOMBSTONE = 1000;

interface Write {
  /** It must not begin to store any more. */
  stopped: boolean;
}

/** @throws {OptionError} */
export function openKeyvTier(
  keyv: KeyvLike,
  options: KeyvTierOptions,
  clock: Clock = systemClock,
): Tier {
  checkKeyv(keyv);
  return new KeyvTier(keyv, resolveKeyvTierOptions(options), clock);
}

class KeyvTier implements Tier {
  readonly name = 'keyv';
  readonly persistent = true;
  readonly #keyv: KeyvLike;
  readonly #prefix: string;
  readonly #maxAge: number;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  readonly #format: RecordFormat = {
    writer: randomBytes(8),
    secret: undefined,
    compressAbove: Number.POSITIVE_INFINITY,
  };
  /** Invalidations that have failed, and are made up for before anything else is done. */
  readonly #debts = new Debts();
  readonly #timeout: number;
  /** Those that are asked for, by their names. */
  readonly #generations = new Map<string, Promise<Buffer>>();
  /** Writes that have not come to their end, by the records' names; also those given up as late. */
  readonly #writes = new Map<string, Write>();

  constructor(keyv: KeyvLike, options: ResolvedKeyvTierOptions, clock: Clock) {
    this.#keyv = keyv;
    this.#prefix = options.prefix;
    this.#maxAge = options.maxAge;
    this.#timeout = options.timeout;
    this.#clock = clock;
    this.#breaker = new Breaker({ timeout: options.timeout, retry: RETRY }, clock);
    // Without a listener some versions of Keyv throw what a store reports, where nobody catches it.
    keyv.on?.('error', () => {});
  }

  get(functionId: string, key: string): Promise<TierRecord | undefined> {
    return this.#run(async () => {
      const names = [this.#recordName(functionId, key), ...this.#generationNames(functionId)];
      const [text, ...generations] = await this.#getMany(names);
      if (text === undefined) return undefined;
      const record = await this.#decode(functionId, key, text, generations);
      if (record && record.expiresAt > this.#clock.date()) return record;
      await this.#keyv.delete(this.#recordName(functionId, key));
      return undefined;
    });
  }

  set(functionId: string, key: string, record: TierRecord): Promise<void> {
    return this.#run(async () => {
      const left = record.expiresAt - this.#clock.date();
      if (left <= 0) return this.#remove(functionId, key);
      const name = this.#recordName(functionId, key);
      const write: Write = { stopped: false };
      this.#writes.set(name, write);
      try {
        const text = await this.#encode(functionId, key, record);
        if (write.stopped) return;
        await this.#put(name, text, Math.ceil(Math.min(left, this.#maxAge)));
      } finally {
        if (this.#writes.get(name) === write) this.#writes.delete(name);
      }
    });
  }

  delete(functionId: string, key: string): Promise<void> {
    return this.#invalidate({ functionId, key });
  }

  clear(functionId?: string): Promise<void> {
    return this.#invalidate(functionId === undefined ? {} : { functionId });
  }

  async close(): Promise<void> {
    await this.#breaker.run(async () => this.#keyv.disconnect?.());
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    const pay = (what: Invalidation) => within(this.#timeout, this.#forget(what), this.#clock);
    return this.#breaker.run(async () => {
      // Nothing is awaited between the last look and the work, so that nothing is owed then.
      while (!this.#debts.isEmpty) await this.#debts.pay(pay);
      return work();
    });
  }

  async #invalidate(what: Invalidation): Promise<void> {
    try {
      await this.#run(() => this.#forget(what));
    } catch (error) {
      this.#debts.add(what);
      throw error;
    }
  }

  async #forget({ functionId, key }: Invalidation): Promise<void> {
    if (functionId !== undefined && key !== undefined) {
      if (!this.#writes.has(this.#recordName(functionId, key))) {
        return this.#remove(functionId, key);
      }
      // It was given up, is still under way, and could bring the record back after a delete.
    }
    for (const write of this.#writes.values()) write.stopped = true;
    const [all, own] = this.#generationNames(functionId ?? '');
    await this.#put(functionId === undefined ? all : own, newGeneration());
  }

  /** Keyv says `false` for what was not there, and for what could not be deleted. */
  async #remove(functionId: string, key: string): Promise<void> {
    const name = this.#recordName(functionId, key);
    if ((await this.#keyv.delete(name)) === true) return;
    await this.#put(name, '', TOMBSTONE);
    await this.#keyv.delete(name);
  }

  async #put(name: string, text: string, ttl?: number): Promise<void> {
    const stored = await this.#keyv.set(name, text, ttl);
    if (stored === false) throw new Error('Keyv could not store: its `error` event says why');
  }

  async #getMany(names: string[]): Promise<(string | undefined)[]> {
    const found = this.#keyv.getMany
      ? await this.#keyv.getMany(names)
      : await Promise.all(names.map((name) => this.#keyv.get(name)));
    return Array.from(found, (value) => (typeof value === 'string' ? value : undefined));
  }

  async #encode(functionId: string, key: string, record: TierRecord): Promise<string> {
    const names = this.#generationNames(functionId);
    const generations = await Promise.all(names.map((name) => this.#generation(name)));
    const identity = identityOf(functionId, key);
    const { head, body } = await encodeRecord(identity, record, this.#format);
    return Buffer.concat([head, ...generations, body]).toString('base64');
  }

  /**
   * The one that there is, or else another one from now on. Who asks at the same time gets the same:
   * of two that are begun, the records of one would be lost.
   */
  #generation(name: string): Promise<Buffer> {
    const asked = this.#generations.get(name);
    if (asked) return asked;
    const asking = within(this.#timeout, this.#findOrBegin(name), this.#clock).finally(() =>
      this.#generations.delete(name),
    );
    this.#generations.set(name, asking);
    return asking;
  }

  async #findOrBegin(name: string): Promise<Buffer> {
    const known = await this.#keyv.get(name);
    const bytes = Buffer.from(typeof known === 'string' ? known : '', 'base64');
    if (bytes.length === GENERATION_BYTES) return bytes;
    const begun = newGeneration();
    await this.#put(name, begun);
    return Buffer.from(begun, 'base64');
  }

  async #decode(
    functionId: string,
    key: string,
    text: string,
    generations: readonly (string | undefined)[],
  ): Promise<TierRecord | undefined> {
    const stored = Buffer.from(text, 'base64');
    const current = Buffer.concat(generations.map((each) => Buffer.from(each ?? '', 'base64')));
    const own = stored.subarray(HEAD_BYTES, HEAD_BYTES + 2 * GENERATION_BYTES);
    if (own.length === 0 || !own.equals(current)) return undefined;
    const found = await decodeRecord(identityOf(functionId, key), stored, this.#format);
    if (!found) return undefined;
    const { isOwn: _, ...record } = found;
    return record;
  }

  #recordName(functionId: string, key: string): string {
    return `${this.#prefix}:r:${nameOf(identityOf(functionId, key))}`;
  }

  /** Of everything, and of the function. */
  #generationNames(functionId: string): readonly [string, string] {
    return [`${this.#prefix}:g`, `${this.#prefix}:g:${nameOf(identityOf(functionId))}`];
  }
}

function newGeneration(): string {
  return randomBytes(GENERATION_BYTES).toString('base64');
}
