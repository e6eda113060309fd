/**
 * Opening the file and writing to it must not happen at the same moment. lmdb reads the number of
 * the last transaction when it opens, and a little later sets it for all processes, without a lock.
 * A transaction that was committed in between would be overwritten by the next: 3 of 900 times that
 * four processes opened a directory and wrote to it at once, an acknowledged record was lost, or
 * lmdb failed.
 *
 * So a process that opens leaves a file, waits until the writes of others that have begun should be
 * over, and takes it away again; meanwhile nothing begins to write. It makes the moment unlikely, and
 * not impossible: a write that was begun before, and takes longer, may still meet it.
 *
 * Invariant: the file of one opener is waited for {@link PATIENCE} at most, by this process's own
 * clock, whatever the file's date says and whatever has become of the opener.
 */

import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DiskAccessError } from '../../errors.ts';
import { dateNow, performance, setTimeout } from '../../runtime/globals.ts';
import { hasEnded, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { opensElsewhere } from './trial-opening.ts';
import { holderBeforeOpening } from './write-lock.ts';

/** Milliseconds in which the writes that have begun should end. */
const SETTLE = 20;
/**
 * Milliseconds for which it is known that no process opens: a small part of {@link SETTLE}, in which
 * writes that begin have the time to end. A look at the file takes longer than a write.
 */
const LOOK_EVERY = 1;
/** Milliseconds after which an opener's file is taken for one that was left behind. */
const PATIENCE = 2000;
/** Milliseconds for which one holder of the lock is waited for. */
const LOCK_PATIENCE = 500;

/** @throws {DiskAccessError} when another process keeps the lock, without which lmdb does not open */
export function openAlone<T>(directory: string, open: () => T): T {
  const file = fileIn(directory);
  const isOurs = take(file);
  try {
    pause(SETTLE);
    waitForLock(directory);
    return open();
  } finally {
    if (isOurs) rmSync(file, { force: true });
  }
}

/** What a process that writes knows of those that open. */
export class Openings {
  readonly #file: string;
  readonly #patience = new Patience();
  #looked = Number.NEGATIVE_INFINITY;

  constructor(directory: string) {
    this.#file = fileIn(directory);
  }

  /** Whether another process opens the file just now, or did a moment ago. */
  areUnderWay(): boolean {
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY) return false;
    const opener = openerOf(this.#file);
    if (opener !== undefined && this.#patience.isWorth(opener)) return true;
    this.#looked = now;
    return false;
  }

  /** Settles when none does any more. */
  async settled(): Promise<void> {
    while (this.areUnderWay()) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

interface Opener {
  /** Tells one from the next. */
  readonly id: string;
  readonly isGone: boolean;
}

/** For how long the same opener has been seen. */
class Patience {
  #id: string | undefined;
  #until = 0;

  isWorth({ id, isGone }: Opener): boolean {
    const now = performance.now();
    if (id !== this.#id) {
      this.#id = id;
      this.#until = now + PATIENCE;
    }
    return !isGone && now < this.#until;
  }
}

/** False where no file can be made: lmdb's own error tells what that means. */
function take(file: string): boolean {
  const patience = new Patience();
  for (;;) {
    try {
      sign(openSync(file, 'wx', 0o600));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
    const opener = openerOf(file);
    if (opener && !patience.isWorth(opener)) rmSync(file, { force: true });
    else pause(1);
  }
}

/** On a full disk it stays empty, and its date has to do. */
function sign(fd: number): void {
  try {
    writeSync(fd, JSON.stringify(ownIdentity()));
  } catch {
  } finally {
    closeSync(fd);
  }
}

function openerOf(file: string): Opener | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats && { id: `${stats.ino} ${stats.mtimeMs}`, isGone: isGone(file, stats) };
}

/** By a process that has ended, or a long time ago: it may live in another container. */
function isGone(file: string, stats: Stats): boolean {
  if (dateNow() - stats.mtimeMs > PATIENCE) return true;
  try {
    const own = ownIdentity();
    const opener = JSON.parse(readFileSync(file, 'latin1')) as ProcessIdentity | number;
    // Older versions have left a process id alone.
    const identity = typeof opener === 'number' ? { ...own, pid: opener, started: '' } : opener;
    return hasEnded(identity, own);
  } catch {
    return false;
  }
}

/**
 * Nothing of ours begins a transaction while it is opened, so a lock that is free stays so. One that
 * stays with the same holder may also be what is left in the file of a machine that lost its power.
 */
function waitForLock(directory: string): void {
  const holder = holderBeforeOpening(directory);
  const until = performance.now() + LOCK_PATIENCE;
  while (holder !== undefined && holder === holderBeforeOpening(directory)) {
    if (performance.now() < until) pause(1);
    else if (opensElsewhere(directory)) return;
    else throw new DiskAccessError(stopped(directory));
  }
}

export function stopped(directory: string): string {
  return (
    `${directory} cannot be written to for now, because nothing could be for seconds: another process ` +
    'that uses it was stopped while it wrote (let it go on, or end it), or the disk does not answer'
  );
}

function fileIn(directory: string): string {
  return join(directory, 'opening');
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
