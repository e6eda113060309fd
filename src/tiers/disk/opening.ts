/**
 * Who opens the file, and who writes to it, must not do so at the same moment. lmdb reads the number of
 * the last transaction when it opens, and a little later sets it for all processes, without a lock. A
 * transaction that was committed in between would be overwritten by the next: 3 of 900 times that four
 * processes opened a directory and wrote to it at once, an acknowledged record was lost, or lmdb failed.
 *
 * So whoever opens leaves a file, waits until the writes of others that have begun should be over, and
 * takes it away again; meanwhile nobody begins to write. It makes the moment unlikely, and not
 * impossible: a write that was begun before, and takes longer, may still meet it.
 */

import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Milliseconds in which the writes that have begun should end. */
const SETTLE = 20;
/** Milliseconds after which a file is taken for one that was left behind. */
const STALE = 2000;

export function openAlone<T>(directory: string, open: () => T): T {
  const file = fileIn(directory);
  const isOurs = take(file);
  try {
    pause(SETTLE);
    return open();
  } finally {
    if (isOurs) rmSync(file, { force: true });
  }
}

/** Whether another process opens the file just now. */
export function isBeingOpened(directory: string): boolean {
  const file = fileIn(directory);
  return existsSync(file) && !isLeft(file);
}

/** Settles when it does not any more. */
export async function opened(directory: string): Promise<void> {
  while (isBeingOpened(directory)) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** False where no file can be made: what that means is said by whoever opens. */
function take(file: string): boolean {
  for (;;) {
    try {
      sign(openSync(file, 'wx'));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
    if (isLeft(file)) rmSync(file, { force: true });
    else pause(1);
  }
}

/** On a full disk it stays empty, and its date has to do. */
function sign(fd: number): void {
  try {
    writeSync(fd, String(process.pid));
  } catch {
  } finally {
    closeSync(fd);
  }
}

/** By a process that has ended, or a long time ago: it may live in another container. */
function isLeft(file: string): boolean {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE) return true;
    const pid = Number(readFileSync(file, 'latin1'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function fileIn(directory: string): string {
  return join(directory, 'opening');
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
