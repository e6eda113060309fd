/**
 * How everything is written: several writes as one, on lmdb's own thread, so that the lock that all
 * processes share is never held while this one's event loop is busy.
 *
 * What was read before may have changed by then. So whatever depends on it is written under a
 * condition: that an entry has still the version that was seen, or is still missing.
 */

import type { Clock } from '../../clock.ts';
import type { Database, Table } from './database.ts';
import { FOR_OTHERS, FOR_RECORDS, Room } from './room.ts';
import { usageOf } from './usage.ts';

export class Transactions {
  readonly #db: Database;
  readonly #room: Room;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#room = new Room(db.file, () => usageOf(db).size, clock);
  }

  /** To be called before a record is written. @throws {DiskAccessError} when it has no room. */
  takeRoom(bytes: number): void {
    this.#room.take(bytes, FOR_RECORDS);
  }

  /** All or nothing. `writes` runs at once, and what it calls need not be waited for. */
  async write(writes: () => void): Promise<void> {
    this.#room.take(0, FOR_OTHERS);
    await this.#db.records.batch(writes).catch((error) => this.#failed(error));
  }

  /**
   * The same, if the entry has still this version; `null` if it does not exist.
   * @returns whether that held, and all was written
   */
  async writeIf(
    table: Table,
    name: Buffer,
    version: number | null,
    writes: () => void,
  ): Promise<boolean> {
    this.#room.take(0, FOR_OTHERS);
    const written =
      version === null ? table.ifNoExists(name, writes) : table.ifVersion(name, version, writes);
    return written.catch((error) => this.#failed(error));
  }

  /** lmdb gives the reason as a promise that is rejected with it. */
  async #failed(error: { commitError?: Promise<never> }): Promise<never> {
    this.#room.failed();
    await error.commitError;
    throw error;
  }
}
