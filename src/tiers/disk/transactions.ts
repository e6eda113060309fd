/**
 * How everything is written: several writes as one, on lmdb's own thread, so that the lock that all
 * processes share is never held while this one's event loop is busy.
 *
 * What was read before may have changed by then. So whatever depends on it is written under a
 * condition: that an entry has still the version that was seen, or is still missing.
 *
 * A process that is stopped in the middle of a transaction keeps the lock from all others until it goes
 * on, or ends. Writes are `stalled` then: what has begun waits, and nothing more is begun that somebody
 * would wait for, or that would pile up.
 */

import type { Clock, Timer } from '../../clock.ts';
import { DiskAccessError } from '../../errors.ts';
import type { Database, Table } from './database.ts';
import { isBeingOpened, opened } from './opening.ts';
import { FOR_OTHERS, FOR_RECORDS, Room } from './room.ts';
import { usageOf } from './usage.ts';

/** Milliseconds without the end of any write, when some are under way. */
export const STALLED_AFTER = 5000;

export class Transactions {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #room: Room;
  #underway = 0;
  /** So far. */
  #ended = 0;
  #isStalled = false;
  #guard: Timer | undefined;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#room = new Room(db.file, () => usageOf(db).size, clock);
  }

  /** To be called before a record is written. @throws {DiskAccessError} when it cannot be, for now. */
  takeRoom(bytes: number): void {
    this.checkMoving();
    this.#room.take(bytes, FOR_RECORDS);
  }

  /** @throws {DiskAccessError} when writes are stalled. */
  checkMoving(): void {
    if (this.#isStalled) throw this.stalled();
  }

  stalled(): DiskAccessError {
    return new DiskAccessError(
      `${this.#db.path} cannot be written to, because another process that uses it was stopped while ` +
        'it wrote: let it go on, or end it',
    );
  }

  /**
   * All or nothing. What `writes` calls need not be waited for. It runs at once, but while another
   * process opens the file.
   */
  async write(writes: () => void): Promise<void> {
    this.#room.take(0, FOR_OTHERS);
    if (isBeingOpened(this.#db.path)) await opened(this.#db.path);
    await this.#watch(this.#db.records.batch(writes));
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
    if (isBeingOpened(this.#db.path)) await opened(this.#db.path);
    const written =
      version === null ? table.ifNoExists(name, writes) : table.ifVersion(name, version, writes);
    return this.#watch(written);
  }

  async #watch<T>(written: Promise<T>): Promise<T> {
    this.#underway++;
    this.#guard ??= this.#stalledLater();
    try {
      return await written;
    } catch (error) {
      return await this.#failed(error as { commitError?: Promise<never> });
    } finally {
      this.#underway--;
      this.#ended++;
      this.#isStalled = false;
    }
  }

  /** A process that was busy hears of its writes only after its timers have run, see `within`. */
  #stalledLater(): Timer {
    const ended = this.#ended;
    const look = () => {
      this.#isStalled = this.#underway > 0 && this.#ended === ended;
      this.#guard = this.#underway > 0 ? this.#stalledLater() : undefined;
    };
    const clock = this.#clock;
    return clock.after(STALLED_AFTER, () => clock.soon(() => clock.soon(look)));
  }

  /** lmdb gives the reason as a promise that is rejected with it. */
  async #failed(error: { commitError?: Promise<never> }): Promise<never> {
    this.#room.failed();
    await error.commitError;
    throw error;
  }
}
