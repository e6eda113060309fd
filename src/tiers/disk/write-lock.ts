/**
 * Whether lmdb's write lock is held, without waiting for it.
 *
 * lmdb waits for the lock without a limit: on the main thread while it opens, later on one of the
 * few threads that Node has for files, for which it waits again before the process exits. A process
 * that was stopped in the middle of a transaction would keep all others from opening, from closing
 * and from exiting. So lmdb is asked for a transaction only when the lock is seen to be free, or to
 * change hands.
 *
 * The lock is a robust mutex of the C library in `lock.mdb` (`MDB_txninfo` in lmdb's `mdb.c`); its
 * one word is the id of the thread that holds it. That is known of Linux, with glibc and musl. Elsewhere
 * the lock never looks held, and only the limits of `transactions.ts` count.
 *
 * Invariant: no descriptor of `lock.mdb` is closed while this process has the database open, because
 * all of lmdb's own locks on the file would go with it. It is read through lmdb's own descriptor.
 */

import { closeSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

const MAGIC = 0xbeefc0de;
const LAST_TRANSACTION = 8;
const OWNER = 0x3fff_ffff;

/** Where a C library has the mutex of writers, which begins a cache line, and what it looks like. */
interface Layout {
  readonly owner: number;
  /** A word that says which kind of mutex it is: robust, and shared by processes. */
  readonly kind: number;
  readonly value: number;
}

/** glibc's mutexes have 40 bytes on x64 and 48 on arm64, musl's have 40 on both. */
const layouts: readonly Layout[] = [
  { owner: 64, kind: 64 + 16, value: 0x90 },
  { owner: 128, kind: 128 + 16, value: 0x90 },
  { owner: 64 + 4, kind: 64, value: 0x84 },
];
const BYTES = 128 + 16 + 4;

/**
 * To be called before lmdb has opened the directory, and by one thread at a time.
 * @returns who holds it, and during which transaction; `undefined` where nothing is known
 */
export function holderBeforeOpening(directory: string): string | undefined {
  const open = descriptorOf(directory);
  if (open !== undefined) return holderIn(open);
  let own: number;
  try {
    if (process.platform !== 'linux') return undefined;
    own = openSync(join(directory, 'lock.mdb'), 'r');
  } catch {
    return undefined;
  }
  try {
    return holderIn(own);
  } finally {
    closeSync(own);
  }
}

/** The lock of a directory that lmdb has open. */
export class WriteLock {
  readonly #descriptor: number | undefined;

  constructor(directory: string) {
    const descriptor = descriptorOf(directory);
    const isKnown = descriptor !== undefined && layoutOf(bytesOf(descriptor)) !== undefined;
    this.#descriptor = isKnown ? descriptor : undefined;
  }

  /** Who holds it, and during which transaction; `undefined` when it is free, or nothing is known. */
  holder(): string | undefined {
    return this.#descriptor === undefined ? undefined : holderIn(this.#descriptor);
  }

  /** Whether it is free, or has changed hands since this was its holder; false where nothing is known. */
  isMoving(since: string | undefined): boolean {
    if (this.#descriptor === undefined) return false;
    const holder = this.holder();
    return holder === undefined || holder !== since;
  }
}

function holderIn(descriptor: number): string | undefined {
  const bytes = bytesOf(descriptor);
  const layout = layoutOf(bytes);
  const owner = layout && bytes.readUInt32LE(layout.owner) & OWNER;
  return owner ? `${owner} ${bytes.readBigUInt64LE(LAST_TRANSACTION)}` : undefined;
}

/** Zeros, where it cannot be read. */
function bytesOf(descriptor: number): Buffer {
  const bytes = Buffer.alloc(BYTES);
  try {
    readSync(descriptor, bytes, 0, BYTES, 0);
  } catch {}
  return bytes;
}

function layoutOf(bytes: Buffer): Layout | undefined {
  if (bytes.readUInt32LE(0) !== MAGIC) return undefined;
  return layouts.find(({ kind, value }) => bytes.readUInt32LE(kind) === value);
}

function descriptorOf(directory: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const file = join(realpathSync(directory), 'lock.mdb');
    return readdirSync('/proc/self/fd')
      .map(Number)
      .find((fd) => leadsTo(fd, file));
  } catch {
    return undefined;
  }
}

function leadsTo(descriptor: number, file: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === file;
  } catch {
    return false;
  }
}
