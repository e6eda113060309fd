/**
 * Whether the disk has room for what is to be written, and the file may grow. lmdb must not find out
 * by itself: what it writes about the failure is longer than the memory it takes for it, and the
 * process ends.
 *
 * Another program can still take the last room between the look and the write, and a quota cannot
 * be seen from here. After a write has failed, no record is written for a while; what must go still
 * goes, and has a reserve.
 */

import { statfsSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { DiskAccessError } from '../../errors.ts';
import { processLimit } from './process-limits.ts';
import type { Reserve } from './reserve.ts';

const MIB = 1024 * 1024;
/** Bytes that must be free when a record is written, the reserve among them; and for any write. */
const FOR_RECORDS = 16 * MIB;
export const FOR_OTHERS = 1 * MIB;
/** While so much is free, deletes need not wait for one another. */
export const FOR_DELETES = 8 * MIB;
/** What a write of its own takes beside a record: new pages in each of some tables. */
const FOR_PAGES = 32 * 1024;
/** Milliseconds for which the last look is good, unless much was written since; and before a delete. */
const LOOK_EVERY = 1000;
const LOOK_BEFORE_DELETE = 5;
const LOOK_AFTER_BYTES = 4 * MIB;
/** Milliseconds without records after a write has failed. */
const PAUSE = 10_000;

export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

export interface Disk {
  /** Bytes that are free. */
  free(): number;
  /** Of the file. */
  size(): number;
  /** Bytes in use in the file; the rest of it can be written again. */
  used(): number;
}

export class DiskRoom {
  readonly #file: string;
  readonly #disk: Disk;
  readonly #reserve: Pick<Reserve, 'size' | 'make' | 'giveBack'>;
  readonly #clock: Clock;
  readonly #largest = processLimit('file size');
  #free = 0;
  #reserved = 0;
  /** Bytes by which the file may grow. */
  #growth = 0;
  #unseen = 0;
  #looked = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(
    file: string,
    disk: Disk,
    reserve: Pick<Reserve, 'size' | 'make' | 'giveBack'>,
    clock: Clock,
  ) {
    this.#file = file;
    this.#disk = disk;
    this.#reserve = reserve;
    this.#clock = clock;
  }

  /** For a record. @throws {DiskAccessError} when there is too little. */
  takeForRecord(bytes: number): void {
    if (this.#clock.now() < this.#pausedUntil) throw this.#noRoom('a write has failed lately');
    this.#unseen += bytes;
    this.#lookAfter(LOOK_EVERY);
    const free = Math.min(this.#free + this.#reserved, this.#growth);
    if (!this.#fits(free, bytes + this.#unseen + FOR_RECORDS)) {
      throw this.#noRoom(
        `${Math.floor(free / MIB)} MiB are free, and ${FOR_RECORDS / MIB} stay so`,
      );
    }
  }

  /**
   * For any write. Pages that are free in the file do not count: readers may still need them.
   * @param others writes under way that the disk may not have seen
   * @throws {DiskAccessError} when there is too little.
   */
  take(others: number): void {
    this.#lookAfter(LOOK_EVERY);
    const free = Math.min(this.#free, this.#growth);
    if (free < this.#unseen + others * FOR_PAGES + FOR_OTHERS) {
      throw this.#noRoom(`${Math.floor(free / MIB)} MiB are free, and writes are under way`);
    }
  }

  /** Whether so much may be written without making the disk full. */
  isThere(bytes: number): boolean {
    this.#lookAfter(LOOK_BEFORE_DELETE);
    return this.#free >= this.#unseen + bytes;
  }

  /** For what must go: where there is a reserve, that makes room for it. */
  makeForDelete(): void {
    this.#unseen += FOR_PAGES;
    if (!this.isThere(FOR_DELETES) && this.#reserve.giveBack()) this.#look();
  }

  /** A write has failed, whatever the reason. */
  failed(): void {
    this.#pausedUntil = this.#clock.now() + PAUSE;
    this.#looked = Number.NEGATIVE_INFINITY;
  }

  #fits(free: number, needed: number): boolean {
    return free >= needed || this.#disk.size() - this.#disk.used() >= needed;
  }

  #lookAfter(ms: number): void {
    if (this.#clock.now() - this.#looked >= ms || this.#unseen > LOOK_AFTER_BYTES) this.#look();
  }

  #look(): void {
    this.#free = this.#disk.free();
    this.#reserved = this.#reserve.size();
    this.#growth = this.#largest - this.#disk.size();
    this.#unseen = 0;
    this.#looked = this.#clock.now();
    if (this.#free >= FOR_RECORDS) this.#reserve.make();
  }

  #noRoom(why: string): DiskAccessError {
    return new DiskAccessError(
      `nothing is written to ${this.#file}, because the disk is full, or the file has a limit: ${why}`,
    );
  }
}
