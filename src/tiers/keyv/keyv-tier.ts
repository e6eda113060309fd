/**
 * Any store that Keyv has an adapter for, as a plain tier.
 *
 * All that is asked of the store is to keep texts under names, because that is what all of them do:
 * records are base64, whatever the store makes of bytes. A record belongs to two generations, random
 * ones that stand in the store under names of their own: that of everything, and that of its
 * function. To clear is to replace a generation, because few stores can list what they hold; records
 * of an older one are not read any more and go when their time is over.
 *
 * Keyv reports most failures by an event, and answers as if there were nothing; only `set` says
 * whether it has succeeded. So whatever must not fail unnoticed is a `set` in the end.
 */

import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import { Debts } from '../debts.ts';
import { identityOf, nameOf } from '../identity.ts';
import { decodeRecord, encodeRecord, HEAD_BYTES, type RecordFormat } from '../record.ts';
import { allOf, type Invalidation, type TierRecord } from '../tier.ts';
import { within } from '../time-limit.ts';
import { Breaker } from './breaker.ts';
import type { KeyvStats, KeyvTier } from './contract.ts';
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
): KeyvTier {
  checkKeyv(keyv);
  return new TierOfKeyv(keyv, resolveKeyvTierOptions(options), clock);
}

class TierOfKeyv implements KeyvTier {
  readonly name = 'keyv';
  readonly persistent = true;
  readonly makesUp = true;
  readonly givesAway = true;
  readonly #keyv: KeyvLike;
  readonly #prefix: string;
  readonly #maxAge: number;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  readonly #format: RecordFormat;
  /** Invalidations that have failed, and are made up for before anything else is done. */
  readonly #debts = new Debts();
  readonly #timeout: number;
  /** Those that are asked for, by their names. */
  readonly #generations = new Map<string, Promise<Buffer>>();
  /** Writes that have not come to their end, by the records' names; also those given up as late. */
  readonly #writes = new Map<string, Write>();
  #damaged = 0;

  constructor(keyv: KeyvLike, options: ResolvedKeyvTierOptions, clock: Clock) {
    this.#keyv = keyv;
    this.#prefix = options.prefix;
    this.#maxAge = options.maxAge;
    this.#timeout = options.timeout;
    const { secret } = options;
    const compressAbove = Number.POSITIVE_INFINITY;
    this.#format = { writer: randomBytes(8), secret, compressAbove };
    this.#clock = clock;
    this.#breaker = new Breaker({ timeout: options.timeout, retry: RETRY }, clock);
    // Without a listener some versions of Keyv throw what a store reports, where it is not caught.
    keyv.on?.('error', () => {});
  }

  get(functionId: string, key: string): Promise<TierRecord | undefined> {
    return this.#run(async () => {
      const names = [this.#recordName(functionId, key), ...this.#generationNames(functionId)];
      const [text, ...generations] = await this.#getMany(names);
      if (text === undefined || text === null) return undefined;
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
    return this.#invalidate({ of: 'key', functionId, key });
  }

  discard(functionId: string, key: string): Promise<void> {
    return this.#run(async () => {
      this.#damaged++;
      await this.#remove(functionId, key);
    });
  }

  clear(functionId?: string): Promise<void> {
    return this.#invalidate(allOf(functionId));
  }

  isUp(): boolean {
    return this.#breaker.isUp;
  }

  stats(): KeyvStats {
    return { damaged: this.#damaged };
  }

  async close(): Promise<void> {
    await this.#breaker.run(async () => this.#keyv.disconnect?.());
    this.#breaker.close();
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

  async #forget(what: Invalidation): Promise<void> {
    // A write that was given up and is still under way could bring the record back after a delete.
    if (what.of === 'key' && !this.#writes.has(this.#recordName(what.functionId, what.key))) {
      return this.#remove(what.functionId, what.key);
    }
    for (const write of this.#writes.values()) write.stopped = true;
    const [all, own] = this.#generationNames(what.of === 'all' ? '' : what.functionId);
    await this.#put(what.of === 'all' ? all : own, newGeneration());
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

  async #getMany(names: string[]): Promise<readonly unknown[]> {
    const found = this.#keyv.getMany
      ? await this.#keyv.getMany(names)
      : await Promise.all(names.map((name) => this.#keyv.get(name)));
    return Array.from(found);
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
    const bytes = bytesOf(known);
    if (bytes.length === GENERATION_BYTES) return bytes;
    const begun = newGeneration();
    await this.#put(name, begun);
    return Buffer.from(begun, 'base64');
  }

  async #decode(
    functionId: string,
    key: string,
    text: unknown,
    generations: readonly unknown[],
  ): Promise<TierRecord | undefined> {
    const stored = bytesOf(text);
    const current = Buffer.concat(generations.map(bytesOf));
    const own = stored.subarray(HEAD_BYTES, HEAD_BYTES + 2 * GENERATION_BYTES);
    const found = await decodeRecord(identityOf(functionId, key), stored, this.#format);
    // Nothing stands in the place of what could not be deleted.
    if (!found && text !== '') this.#damaged++;
    if (!found || !own.equals(current)) return undefined;
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

/** Of what Keyv has; none of what is no text. */
function bytesOf(text: unknown): Buffer {
  return Buffer.from(typeof text === 'string' ? text : '', 'base64');
}

function newGeneration(): string {
  return randomBytes(GENERATION_BYTES).toString('base64');
}
