/** Records in items: how they are put there, what is too large, and what is none. */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { decodeRecord, encodeRecord, type RecordFormat } from '../record.ts';
import type { TierRecord } from '../tier.ts';
import type { Item } from './item.ts';
import { remove, type Seen, write } from './items.ts';
import { type HeldItem, type MemcachedLeases, secondsFor } from './leases.ts';
import type { MemcachedKey } from './names.ts';
import type { ResolvedMemcachedTierOptions } from './options.ts';
import { ServerError } from './replies.ts';
import type { MemcachedServer } from './server.ts';

/** Of what memcached takes, for what it puts around a value. */
const ITEM_OVERHEAD = 512;
/** Milliseconds for which all processes know that a record is too large, and compute for themselves. */
const TOO_LARGE_FOR = 60_000;

export class Records {
  /** Items that were damaged or foreign, and removed. */
  damaged = 0;
  /** Records that were not stored because of their size. */
  tooLarge = 0;
  readonly #clock: Clock;
  readonly #maxItemSize: number;
  readonly #maxAge: number;
  readonly #timeout: number;
  readonly #format: RecordFormat;

  constructor(options: ResolvedMemcachedTierOptions, clock: Clock) {
    const { maxItemSize, maxAge, timeout, secret, compressAbove } = options;
    this.#clock = clock;
    this.#maxItemSize = maxItemSize;
    this.#maxAge = maxAge;
    this.#timeout = timeout;
    this.#format = { writer: randomBytes(8), secret, compressAbove };
  }

  /** What memcached refuses ends the lease, too: no process should wait for it. */
  async replace(leases: MemcachedLeases, held: HeldItem, item: Item): Promise<boolean> {
    try {
      return await leases.replace(held, item, this.secondsFor(item.left));
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      throw await this.#refused(error, held.server, held.key, held.cas, item);
    }
  }

  /** @returns whether what was seen was still there */
  async put(
    server: MemcachedServer,
    names: MemcachedKey,
    item: Item,
    ttl: number,
    cas: string | undefined,
  ): Promise<boolean> {
    try {
      return (await write(server, names, item, ttl, cas)).state === 'done';
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      throw await this.#refused(error, server, names, cas, item);
    }
  }

  /** Removes what was to be replaced, and says so to all if it was too large. */
  async #refused(
    error: ServerError,
    server: MemcachedServer,
    names: MemcachedKey,
    cas: string | undefined,
    item: Item,
  ): Promise<Error> {
    if (cas !== undefined) await remove(server, names.name, cas);
    if (!error.message.includes('too large')) return error;
    const left = Math.min(item.left, TOO_LARGE_FOR);
    const marker = this.#marker(item.generations, left);
    await write(server, names, marker, this.secondsFor(left), undefined);
    return tooLarge();
  }

  /** Its `expiresAt` is by the clock of this process, and never too late. */
  async read(
    server: MemcachedServer,
    { identity, name }: MemcachedKey,
    { cas, item, isDamaged }: Seen,
    asked: number,
  ): Promise<TierRecord | undefined> {
    const read = item?.record && (await decodeRecord(identity, item.record, this.#format));
    if ((isDamaged || (item?.record && !read)) && cas !== undefined) {
      await this.#remove(server, name, cas);
    }
    if (!item || !read) return undefined;
    const { isOwn, ...record } = read;
    const isByOwnClock = isOwn || record.expiresAt === Number.POSITIVE_INFINITY;
    // It may have been on its way to memcached for as long.
    const expiresAt = isByOwnClock ? record.expiresAt : asked + item.left - this.#timeout;
    return expiresAt > this.#clock.date() ? { ...record, expiresAt } : undefined;
  }

  /** The record that was seen is none. A lease beside it stays, and takes it along when it ends. */
  async discard(
    server: MemcachedServer,
    { name }: MemcachedKey,
    { cas, item }: Seen,
  ): Promise<void> {
    if (item?.record && !item.token && cas !== undefined) await this.#remove(server, name, cas);
  }

  async #remove(server: MemcachedServer, name: string, cas: string): Promise<void> {
    this.damaged++;
    await remove(server, name, cas);
  }

  async encode(
    { identity }: MemcachedKey,
    record: TierRecord,
    generations: Buffer,
  ): Promise<Buffer> {
    const { head, body } = await encodeRecord(identity, record, this.#format);
    return Buffer.concat([head, generations, body]);
  }

  /** What is too large is an item that says so. */
  itemOf(record: Buffer, left: number, generations: Buffer): Item {
    if (record.length > this.#maxItemSize - ITEM_OVERHEAD) {
      return this.#marker(generations, Math.min(left, TOO_LARGE_FOR));
    }
    return { generations, token: undefined, tooLarge: false, record, left };
  }

  /** Tells the others not to wait for each other's computations. */
  #marker(generations: Buffer, left: number): Item {
    this.tooLarge++;
    return { generations, token: undefined, tooLarge: true, record: undefined, left };
  }

  /** For which memcached is to keep it. */
  secondsFor(left: number): number {
    return secondsFor(Math.max(Math.min(left, this.#maxAge), 0));
  }
}

export function tooLarge(): Error {
  return new Error('the record is larger than memcached takes, and is not stored');
}
