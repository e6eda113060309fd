/**
 * The entries of a disk tier: each is a record, its entry in the index, and its place in the order
 * of use.
 *
 * What belongs together is written together: the three agree after a crash. What depends on
 * something read before is written under the condition that the record has still the version, its
 * `storedAt`, that was seen (`transactions.ts`). A place in the order is only a hint, and is compared
 * with the index before anything is removed because of it.
 *
 * What forgets an entry because it is not wanted any more ends its lease, too, so that what is under
 * way is not stored (`leases.ts`). An eviction leaves it alone.
 */

import type { Clock } from '../../clock.ts';
import type { TierRecord } from '../tier.ts';
import type { Database } from './database.ts';
import { type DiskFunction, type DiskKey, functionIdOf } from './disk-key.ts';
import { Functions } from './functions.ts';
import {
  decodeIndexEntry,
  encodeIndexEntry,
  type IndexEntry,
  minuteOf,
  placeOf,
  readPlace,
} from './index-entry.ts';
import { type DiskRecord, encodeRecord } from './record.ts';
import { namesOf, STEP } from './steps.ts';
import type { Transactions } from './transactions.ts';
import { usageOf } from './usage.ts';
import type { EntryUse } from './uses.ts';

const NOTHING = Buffer.alloc(0);
/** Functions that are forgotten at the same time: what is written then is one transaction. */
const TOGETHER = 32;

export class DiskEntries {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #functions: Functions;

  constructor(db: Database, transactions: Transactions, clock: Clock) {
    this.#db = db;
    this.#transactions = transactions;
    this.#clock = clock;
    this.#functions = new Functions(db, transactions);
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
    await this.#transactions.write(this.#putting(owner, key, record));
  }

  /**
   * The same, and ends the lease with this token; neither, if it has ended before.
   * @returns whether it was put
   */
  async putUnder(token: number, owner: DiskFunction, key: DiskKey, record: TierRecord) {
    const { leases } = this.#db;
    const put = this.#putting(owner, key, record);
    return this.#transactions.writeIf(leases, key.name, token, () => {
      put();
      leases.remove(key.name);
    });
  }

  /** Notes that these were used now. */
  async touch(uses: readonly EntryUse[]): Promise<void> {
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
    await this.#transactions.write(() => this.#remove(name, entry));
  }

  /** The same, and whatever is under way. */
  async forget(name: Buffer): Promise<void> {
    const entry = this.index(name);
    await this.#transactions.forget(() => {
      this.#remove(name, entry);
      this.#db.leases.remove(name);
    });
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
  async mend(name: Buffer, bytes: number, record: DiskRecord): Promise<void> {
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
    for (const place of namesOf(this.#db.order, { limit: STEP })) {
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
    if (stale.length > 0) {
      const { order } = this.#db;
      await this.#transactions.write(() => {
        for (const place of stale) order.remove(place);
      });
    }
    const removed = (await all(evictions)).filter(Boolean).length;
    return { seen: evictions.length + stale.length, removed };
  }

  /** The ids of a function's versions that have been stored. */
  async versionsOf(functionId: string): Promise<readonly string[]> {
    const versions = await this.#functions.versionsOf(functionId);
    return versions.map(({ identity }) => functionIdOf(identity));
  }

  /** Everything of the function with this id, and of all versions of it. */
  async forgetFunction(functionId: string, own: DiskFunction): Promise<void> {
    const forget = (each: DiskFunction) =>
      this.#functions.forget(each, (name) => this.#remove(name, this.index(name)));
    await forget(own);
    for (const version of await this.#functions.versionsOf(functionId)) await forget(version);
  }

  /** Everything of all functions whose ids begin like this. */
  async forgetPrefix(prefix: string): Promise<void> {
    const { functions: left, areAll } = this.#functions.withPrefix(prefix);
    // One transaction. What others of another prefix begin to store just now goes, too.
    if (areAll) return this.forgetEverything();
    const forgetSome = async () => {
      for (let each = left.pop(); each; each = left.pop()) {
        await this.#functions.forget(each, (name) => this.#remove(name, this.index(name)));
      }
    };
    await all(Array.from({ length: TOGETHER }, forgetSome));
  }

  async forgetEverything(): Promise<void> {
    const { records, index, order, functions, leases } = this.#db;
    // lmdb lists the pages that it frees, eight bytes each, on new ones.
    const listed = usageOf(this.#db).size / 512;
    if (this.#transactions.isShort(listed)) {
      await this.#functions.forgetAll((name) => this.#remove(name, this.index(name)));
    }
    await this.#transactions.forget(() => {
      for (const table of [records, index, order, functions, leases]) table.clearAsync();
    });
  }

  async #evict(name: Buffer, entry: IndexEntry): Promise<boolean> {
    if (await this.removeIf(name, entry.storedAt)) return true;
    const now = this.index(name);
    if (now?.storedAt !== entry.storedAt) return false;
    // The index is wrong about a record, or has outlived it: damage.
    await this.remove(name);
    return true;
  }

  /** What puts a record, at once: so it has to be written in this event turn. */
  #putting(owner: DiskFunction, key: DiskKey, record: TierRecord): () => void {
    const { name } = key;
    const date = this.#clock.date();
    const storedAt = date + Math.random();
    const bytes = encodeRecord(key, record, storedAt);
    const size = bytes.length + name.length;
    const { expiresAt, ms } = record;
    const entry = { minute: minuteOf(date), hits: 0, bytes: size, storedAt, expiresAt, ms };
    const before = this.index(name);
    this.#transactions.takeRoom(size);
    return () => {
      this.#db.records.put(name, bytes, storedAt);
      this.#place(name, entry, before?.minute);
      this.#functions.note(owner);
    };
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

  /** If the record has still this version. @returns whether it had */
  #writeIf(name: Buffer, storedAt: number, writes: () => void): Promise<boolean> {
    return this.#transactions.writeIf(this.#db.records, name, storedAt, writes);
  }
}

/** Settles when all have settled. */
async function all<T>(promises: readonly (Promise<T> | undefined)[]): Promise<(T | undefined)[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
