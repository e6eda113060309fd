/**
 * The entries of a disk tier: each is a record, its entry in the index, and its place in the order
 * of use.
 *
 * What belongs together is one batch, which lmdb puts into one transaction: the three agree after a
 * crash. The transaction is made on lmdb's own thread, so the lock that all
 * processes share is never held while this one's event loop is busy. What was read before may have
 * changed by then; so whatever depends on it is written under a condition: that the record has
 * still the version, its `storedAt`, that was seen. A place in the order is only a hint, and is
 * compared with the index before anything is removed because of it.
 */

import type { Clock } from '../../clock.ts';
import type { TierRecord } from '../tier.ts';
import type { Database, Table } from './database.ts';
import { type DiskFunction, type DiskKey, PREFIX_BYTES } from './disk-key.ts';
import {
  decodeIndexEntry,
  encodeIndexEntry,
  type IndexEntry,
  minuteOf,
  placeOf,
  readPlace,
} from './index-entry.ts';
import { encodeRecord, type StoredRecord } from './record.ts';
import { FOR_OTHERS, FOR_RECORDS, Room } from './room.ts';
import { usageOf } from './usage.ts';

/** Read or written in one event turn by work in the background. */
export const STEP = 128;

const NOTHING = Buffer.alloc(0);

export interface Use {
  readonly name: Buffer;
  hits: number;
}

export class Entries {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #room: Room;
  readonly #named = new Set<DiskFunction>();

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#room = new Room(db.file, () => usageOf(db).size, clock);
  }

  /**
   * The record's bytes, where lmdb has put them: valid until the next read, and no longer than the
   * event turn.
   */
  record(name: Buffer): Buffer | undefined {
    const bytes = this.#db.records.getBinaryFast(name);
    // Its `length` is the record's, but its memory is larger.
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  index(name: Buffer): IndexEntry | undefined {
    return decodeIndexEntry(this.#db.index.getBinary(name));
  }

  /** Settles when it is committed: every process sees it then, and this one may be killed. */
  async put(owner: DiskFunction, key: DiskKey, record: TierRecord): Promise<void> {
    const { name } = key;
    const date = this.#clock.date();
    const storedAt = date + Math.random();
    const bytes = encodeRecord(key, record, storedAt);
    const before = this.index(name);
    const entry: IndexEntry = {
      minute: minuteOf(date),
      hits: 0,
      bytes: bytes.length + name.length,
      storedAt,
      expiresAt: record.expiresAt,
      ms: record.ms,
    };
    this.#room.take(bytes.length + name.length, FOR_RECORDS);
    await this.#write(() => {
      this.#db.records.put(name, bytes, storedAt);
      this.#place(name, entry, before?.minute);
      if (!this.#named.has(owner)) this.#db.functions.put(owner.prefix, owner.identity);
    });
    this.#named.add(owner);
  }

  /** Notes that these were used now. */
  async touch(uses: readonly Use[]): Promise<void> {
    const minute = minuteOf(this.#clock.date());
    const writes = uses.map(({ name, hits }) => {
      const before = this.index(name);
      if (!before) return undefined;
      const { storedAt } = before;
      const entry = {
        ...before,
        minute: Math.max(minute, before.minute),
        hits: before.hits + hits,
      };
      return this.#writeIf(name, storedAt, () => this.#place(name, entry, before.minute));
    });
    await all(writes);
  }

  /** Whatever is stored under this name. */
  async remove(name: Buffer): Promise<void> {
    const entry = this.index(name);
    await this.#write(() => this.#remove(name, entry));
  }

  /** The record that is damaged, or that the index describes, unless another has taken its place. */
  async removeDamaged(name: Buffer): Promise<void> {
    const entry = this.index(name);
    if (entry) await this.#evict(name, entry);
    else await this.remove(name);
  }

  /** Whether {@link removeOldest} can find it. */
  isInOrder(name: Buffer): boolean {
    const entry = this.index(name);
    return entry !== undefined && this.#db.order.doesExist(placeOf(entry.minute, name));
  }

  /** Makes its entry in the index and its place in the order again. */
  async mend(name: Buffer, bytes: number, record: StoredRecord): Promise<void> {
    const { storedAt, expiresAt, ms } = record;
    const entry = { minute: minuteOf(this.#clock.date()), hits: 0, bytes, storedAt, expiresAt, ms };
    await this.#writeIf(name, storedAt, () => this.#place(name, entry, undefined));
  }

  /** Unless another record has taken its place. @returns whether it was there */
  removeIf(name: Buffer, storedAt: number): Promise<boolean> {
    const entry = this.index(name);
    return this.#writeIf(name, storedAt, () => this.#remove(name, entry));
  }

  /**
   * Removes entries that were not used for longest: as many as are too many, at most a step.
   * @returns how many there were to look at; 0 when there is nothing
   */
  async removeOldest(excess: { readonly entries: number; readonly bytes: number }) {
    const evictions: Promise<boolean>[] = [];
    const stale: Buffer[] = [];
    let bytes = 0;
    for (const place of keysOf(this.#db.order, { limit: STEP })) {
      if (evictions.length >= excess.entries && bytes >= excess.bytes) break;
      const { minute, name } = readPlace(place);
      const entry = this.index(name);
      if (entry?.minute === minute) {
        bytes += entry.bytes;
        evictions.push(this.#evict(name, entry));
      } else {
        stale.push(place);
      }
    }
    if (stale.length > 0) await this.#write(() => this.#removePlaces(stale));
    const removed = (await all(evictions)).filter(Boolean).length;
    return { seen: evictions.length + stale.length, removed };
  }

  /** Everything of one function, in steps. */
  async clearFunction(owner: DiskFunction): Promise<void> {
    const end = Buffer.concat([owner.prefix, Buffer.alloc(PREFIX_BYTES, 0xff)]);
    for (;;) {
      const names = keysOf(this.#db.records, { start: owner.prefix, end, limit: STEP });
      if (names.length === 0) break;
      await this.#write(() => {
        for (const name of names) this.#remove(name, this.index(name));
      });
    }
    await this.#write(() => this.#db.functions.remove(owner.prefix));
    this.#named.delete(owner);
  }

  async clear(): Promise<void> {
    const { records, index, order, functions } = this.#db;
    await this.#write(() => {
      for (const table of [records, index, order, functions]) table.clearAsync();
    });
    this.#named.clear();
  }

  async #evict(name: Buffer, entry: IndexEntry): Promise<boolean> {
    if (await this.removeIf(name, entry.storedAt)) return true;
    const now = this.index(name);
    if (now?.storedAt !== entry.storedAt) return false;
    // The index is wrong about a record, or has outlived it: damage.
    await this.remove(name);
    return true;
  }

  #place(name: Buffer, entry: IndexEntry, before: number | undefined): void {
    const { index, order } = this.#db;
    index.put(name, encodeIndexEntry(entry));
    if (before !== undefined && before !== entry.minute) order.remove(placeOf(before, name));
    order.put(placeOf(entry.minute, name), NOTHING);
  }

  #remove(name: Buffer, entry: IndexEntry | undefined): void {
    const { records, index, order } = this.#db;
    records.remove(name);
    index.remove(name);
    if (entry) order.remove(placeOf(entry.minute, name));
  }

  #removePlaces(places: readonly Buffer[]): void {
    for (const place of places) this.#db.order.remove(place);
  }

  /** All or nothing. `writes` runs at once, and what it calls need not be waited for. */
  async #write(writes: () => void): Promise<void> {
    this.#room.take(0, FOR_OTHERS);
    await this.#db.records.batch(writes).catch((error) => this.#failed(error));
  }

  /** The same, if the record has still this version. @returns whether it had */
  async #writeIf(name: Buffer, storedAt: number, writes: () => void): Promise<boolean> {
    this.#room.take(0, FOR_OTHERS);
    const { records } = this.#db;
    return records.ifVersion(name, storedAt, writes).catch((error) => this.#failed(error));
  }

  /** lmdb gives the reason as a promise that is rejected with it. */
  async #failed(error: { commitError?: Promise<never> }): Promise<never> {
    this.#room.failed();
    await error.commitError;
    throw error;
  }
}

/** Copies, because lmdb reads the next key into the memory of the last. */
export function keysOf(
  table: Table,
  range: { start?: Buffer; end?: Buffer; limit: number; exclusiveStart?: boolean },
): Buffer[] {
  return Array.from(table.getKeys(range), (key) => Buffer.from(key));
}

/** Settles when all have settled. */
async function all<T>(promises: readonly (Promise<T> | undefined)[]): Promise<(T | undefined)[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
