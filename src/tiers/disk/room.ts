/**
 * Whether the disk has room for what is to be written, and the file may grow. lmdb must not find out by itself: what it
 * writes about the failure is longer than the memory it takes for it, and the process ends.
 *
 * Another program can still take the last room between the look and the write, and a quota cannot
 * be seen from here. After a write has failed, no record is written for a while; what must go still
 * goes.
 */

import { statfsSync, statSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { DiskAccessError } from '../../errors.ts';
import { processLimit } from './process-limits.ts';

const MIB = 1024 * 1024;
/** Bytes that must stay free on the disk when a record is written, and by any other write. */
export const FOR_RECORDS = 16 * MIB;
export const FOR_OTHERS = 1 * MIB;
/** Milliseconds for which the last look is good, unless much was written since. */
const LOOK_EVERY = 1000;
const LOOK_AFTER_BYTES = 4 * MIB;
/** Milliseconds without records after a write has failed. */
const PAUSE = 10_000;

export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

export class Room {
  readonly #file: string;
  readonly #used: () => number;
  readonly #clock: Clock;
  readonly #largest = processLimit('file size');
  #free = 0;
  #unseen = 0;
  #lookAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param used bytes in use in the file; the rest of it can be written again. */
  constructor(file: string, used: () => number, clock: Clock) {
    this.#file = file;
    this.#used = used;
    this.#clock = clock;
  }

  /** @throws {DiskAccessError} when less than `reserve` would stay free. */
  take(bytes: number, reserve: number): void {
    const now = this.#clock.now();
    if (bytes > 0 && now < this.#pausedUntil) throw this.#noRoom('a write has failed lately');
    this.#unseen += bytes;
    if (now >= this.#lookAt || this.#unseen > LOOK_AFTER_BYTES) this.#look(now);
    const needed = bytes + this.#unseen + reserve;
    if (this.#free >= needed || statSync(this.#file).size - this.#used() >= needed) return;
    throw this.#noRoom(
      `${Math.floor(this.#free / MIB)} MiB are free, and ${reserve / MIB} stay so`,
    );
  }

  /** A write has failed, whatever the reason. */
  failed(): void {
    this.#pausedUntil = this.#clock.now() + PAUSE;
    this.#lookAt = Number.NEGATIVE_INFINITY;
  }

  #look(now: number): void {
    this.#free = Math.min(freeBytes(this.#file), this.#largest - statSync(this.#file).size);
    this.#unseen = 0;
    this.#lookAt = now + LOOK_EVERY;
  }

  #noRoom(why: string): DiskAccessError {
    return new DiskAccessError(
      `nothing is written to ${this.#file}, because the disk is full, or the file has a limit: ${why}`,
    );
  }
}
