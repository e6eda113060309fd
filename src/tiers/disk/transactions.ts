/**
 * How everything is written: several writes as one, on lmdb's own thread, so that the lock that all
 * processes share is never held while this one's event loop is busy.
 *
 * What was read before may have changed by then. So what depends on it is written under a condition:
 * that an entry has still the version that was seen, or is still missing.
 *
 * A process that is stopped in the middle of a transaction keeps the lock from all others until it
 * goes on, or ends. Writes are stalled then: those under way are given up, although lmdb may still do
 * what it was handed, and no more are begun until the lock moves.
 *
 * Invariant: every write settles within two times {@link STALLED_AFTER}, if the disk does its part,
 * whatever other processes do.
 */

import { statSync } from 'node:fs';
import type { Clock, Timer } from '../../clock.ts';
import { DiskAccessError } from '../../errors.ts';
import { setTimeout } from '../../runtime/globals.ts';
import type { Database, Table } from './database.ts';
import { Openings, stopped } from './opening.ts';
import { Reserve } from './reserve.ts';
import { type Disk, DiskRoom, FOR_DELETES, freeBytes } from './room.ts';
import { usageOf } from './usage.ts';
import { WriteLock } from './write-lock.ts';

/** Milliseconds without the end of any write, and with the same holder of the lock. */
export const STALLED_AFTER = 5000;
/** Milliseconds between two looks at a lock that another process holds. */
const LOOK_EVERY = 1;

type Lock = Pick<WriteLock, 'holder' | 'isMoving'>;
type GiveUp = (error: DiskAccessError) => void;

export class Transactions {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #reserve: Reserve;
  readonly #room: DiskRoom;
  readonly #openings: Openings;
  readonly #lock: Lock;
  /** The last of those that wait for one another. */
  #forgetting: Promise<void> = Promise.resolve();
  readonly #underway = new Set<GiveUp>();
  /** Writes that lmdb was handed and has not ended, those that were given up among them. */
  #inLmdb = 0;
  /** So far. */
  #ended = 0;
  /** Who held the lock when writes stalled, `''` if that is not known; `undefined` while they move. */
  #stalledBy: string | undefined;
  #guard: Timer | undefined;

  constructor(db: Database, clock: Clock, lock: Lock = new WriteLock(db.path)) {
    this.#db = db;
    this.#clock = clock;
    this.#reserve = new Reserve(db.path);
    this.#room = new DiskRoom(db.file, diskOf(db), this.#reserve, clock);
    this.#openings = new Openings(db.path);
    this.#lock = lock;
  }

  /** Whether lmdb still waits for the lock, for writes that were given up. */
  get isStuck(): boolean {
    return this.#stalledBy !== undefined && this.#inLmdb > 0;
  }

  /** To be called before a record is written. @throws {DiskAccessError} when it cannot be, for now. */
  takeRoom(bytes: number): void {
    this.checkMoving();
    this.#room.takeForRecord(bytes);
  }

  /** @throws {DiskAccessError} when writes are stalled. */
  checkMoving(): void {
    if (this.#stalledBy === undefined) return;
    const isOver = this.#stalledBy ? this.#lock.holder() !== this.#stalledBy : this.#inLmdb === 0;
    if (!isOver) throw new DiskAccessError(stopped(this.#db.path));
    this.#stalledBy = undefined;
  }

  /**
   * All or nothing. What `writes` calls need not be waited for. It runs at once, but while another
   * process opens the file, or holds the lock.
   */
  async write(writes: () => void): Promise<void> {
    await this.#inTime(() => this.#db.records.batch(writes));
  }

  /** Whether the disk has no room for more than a few deletes at once, or for these bytes. */
  isShort(bytes = 0): boolean {
    return !this.#room.isThere(FOR_DELETES + bytes);
  }

  /**
   * The same for what must not be found again: on a disk that is full it has a reserve, which is enough
   * if one comes after another, because each frees the pages that the next but one needs.
   */
  async forget(writes: () => void): Promise<void> {
    const forget = () => {
      this.#room.makeForDelete();
      return this.write(writes);
    };
    if (!this.isShort()) return forget();
    const done = this.#forgetting.then(forget);
    this.#forgetting = done.catch(() => {});
    await done;
  }

  /** Settles when nothing is made on the disk in the background. */
  settled(): Promise<void> {
    return this.#reserve.settled();
  }

  /**
   * The same, if the entry has still this version; `null` if it does not exist.
   * @param late called with what has become of a write that was given up
   * @returns whether that held, and all was written
   */
  async writeIf(
    table: Table,
    name: Buffer,
    version: number | null,
    writes: () => void,
    late?: (written: boolean) => void,
  ): Promise<boolean> {
    const write = () =>
      version === null ? table.ifNoExists(name, writes) : table.ifVersion(name, version, writes);
    return this.#inTime(write, late);
  }

  async #inTime<T>(begin: () => Promise<T>, late?: (written: T) => void): Promise<T> {
    this.checkMoving();
    this.#room.take(this.#inLmdb);
    let giveUp: GiveUp = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.#underway.add(giveUp);
    this.#guard ??= this.#stalledLater();
    try {
      if (this.#mustWait()) await Promise.race([this.#mayBegin(), givenUp]);
      const written = this.#handOver(begin);
      // Once it is given up, its failure concerns no caller.
      written.then(
        (outcome) => this.#underway.has(giveUp) || late?.(outcome),
        () => {},
      );
      return await Promise.race([written, givenUp]);
    } finally {
      this.#settled(giveUp);
    }
  }

  #settled(giveUp: GiveUp): void {
    this.#underway.delete(giveUp);
    if (this.#underway.size > 0) return;
    this.#guard?.cancel();
    this.#guard = undefined;
  }

  async #handOver<T>(begin: () => Promise<T>): Promise<T> {
    this.#inLmdb++;
    try {
      return await begin();
    } catch (error) {
      return await this.#failed(error as { commitError?: Promise<never> });
    } finally {
      this.#inLmdb--;
      this.#ended++;
      this.#stalledBy = undefined;
    }
  }

  /** What lmdb is doing already takes what is added to it under the same lock. */
  #mustWait(): boolean {
    return (
      this.#openings.areUnderWay() || (this.#inLmdb === 0 && this.#lock.holder() !== undefined)
    );
  }

  /** Settles when the lock is free or has moved on, so that lmdb will not wait long for it. */
  async #mayBegin(): Promise<void> {
    await this.#openings.settled();
    const holder = this.#lock.holder();
    while (holder !== undefined && holder === this.#lock.holder() && this.#underway.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  /** A process that was busy learns of its writes only after its timers have run, see `within`. */
  #stalledLater(): Timer {
    const ended = this.#ended;
    const holder = this.#lock.holder();
    const look = () => {
      this.#guard = undefined;
      if (this.#underway.size === 0) return;
      const isMoving = this.#ended !== ended || this.#lock.isMoving(holder);
      if (isMoving) this.#guard = this.#stalledLater();
      else this.#stall(holder);
    };
    const clock = this.#clock;
    return clock.after(STALLED_AFTER, () => clock.soon(() => clock.soon(look)));
  }

  #stall(holder: string | undefined): void {
    this.#stalledBy = holder ?? '';
    const error = new DiskAccessError(stopped(this.#db.path));
    for (const giveUp of this.#underway) giveUp(error);
    this.#underway.clear();
  }

  /** lmdb gives the reason as a promise that is rejected with it. */
  async #failed(error: { commitError?: Promise<never> }): Promise<never> {
    this.#room.failed();
    await error.commitError;
    throw error;
  }
}

function diskOf(db: Database): Disk {
  return {
    free: () => freeBytes(db.file),
    size: () => statSync(db.file).size,
    used: () => usageOf(db).size,
  };
}
