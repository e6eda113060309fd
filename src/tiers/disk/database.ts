/**
 * Opens the database of a disk tier: one lmdb environment, with named databases in it, of which
 * more may come. Several processes may have it open at once.
 *
 * Everything that can be wrong is looked for before lmdb sees the file, and before anything is
 * written: what lmdb does not understand may end the process, and what is another's stays as it is.
 */

import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Database as Lmdb, RootDatabase } from 'lmdb';
import { DiskAccessError, DiskFormatError, DiskVersionError, MemoError } from '../../errors.ts';
import { requirePeer } from '../../installed.ts';
import { faultOf } from './header.ts';
import { mapSizeFor } from './map-size.ts';
import { openAlone } from './opening.ts';
import { makePrivate } from './private-directory.ts';
import { processLimit } from './process-limits.ts';
import { FOR_OTHERS, freeBytes } from './room.ts';

/** Raise it when what an older threadmemo would read is stored in another way. */
const FORMAT = 1;
const META = 'threadmemo';
/** Some are free for what other parts of threadmemo keep beside the records. */
const MOST_DATABASES = 16;
/**
 * Processes that may read at once, 64 bytes each in the lock file, as the first of them has made it.
 * lmdb's own choice is 126.
 */
const MOST_READERS = 8192;
const READERS_FULL = -30790;

export type Table = Lmdb<Buffer, Buffer>;
type Open = typeof import('lmdb').open;

export interface Database {
  readonly path: string;
  readonly file: string;
  /** What is cached, by `DiskKey.name`. The version of an entry is its `storedAt`. */
  readonly records: Table;
  /** What the tier must know of a record without reading it, by the same name. */
  readonly index: Table;
  /** The names behind the minute of their last use, so that the oldest stand first. Empty values. */
  readonly order: Table;
  /** The identities of functions, by the prefix of their records. */
  readonly functions: Table;
  /** Who computes what has no record yet: a holder, by `DiskKey.name`; the version is a token. */
  readonly leases: Table;
  /** The processes that have leases; the version is the last heartbeat. */
  readonly holders: Table;
  close(): Promise<void>;
}

/**
 * @throws {MissingPackageError} {@link DiskAccessError} {@link DiskFormatError}
 * {@link DiskVersionError}
 */
export function openDatabase(path: string): Database {
  const { open } = lmdb();
  prepareDirectory(path);
  const file = join(path, 'data.mdb');
  const removed = existsSync(file) ? undefined : makeFile(path, file, open);
  const fault = faultOf(file);
  if (fault) throw notOurs(file, fault);
  const database = openAlone(path, () => openTables(path, file, open));
  return {
    ...database,
    async close() {
      await Promise.all([database.close(), removed]);
    },
  };
}

/**
 * For another thread of a process that has it open, and keeps it so meanwhile: to open it a second time
 * costs the others nothing then, unlike the first.
 */
export function openForReading(path: string): Pick<Database, 'records' | 'index' | 'close'> {
  const root = openEnvironment(path, join(path, 'data.mdb'), lmdb().open);
  const [records, index] = [table(root, 'records', true), table(root, 'index')];
  return { records, index, close: () => root.close() };
}

function openTables(path: string, file: string, open: Open): Database {
  const root = openEnvironment(path, file, open);
  try {
    checkFormat(root, file);
    return {
      path,
      file,
      records: table(root, 'records', true),
      index: table(root, 'index'),
      order: table(root, 'order'),
      functions: table(root, 'functions'),
      leases: table(root, 'leases', true),
      holders: table(root, 'holders', true),
      close: () => root.close(),
    };
  } catch (error) {
    void root.close();
    throw error instanceof MemoError ? error : notReadable(path, error);
  }
}

function table(root: RootDatabase, name: string, useVersions = false): Table {
  return root.openDB(name, { encoding: 'binary', keyEncoding: 'binary', useVersions });
}

/**
 * Makes the file with all its tables elsewhere, and puts it there at once: of processes that open a
 * new directory at the same time, one whose file it is. When lmdb makes tables in several processes
 * at the same time, some fail, and keep the lock that the others wait for.
 *
 * @returns when the place where it was made is gone
 */
function makeFile(path: string, file: string, open: Open): Promise<void> {
  const home = mkdtempSync(join(path, 'new-'));
  const made = openTables(home, join(home, 'data.mdb'), open);
  const remove = () => rmSync(home, { recursive: true, force: true });
  // What cannot be removed costs some room, and no caller an answer.
  const removed = () =>
    made
      .close()
      .then(remove, remove)
      .catch(() => {});
  try {
    // Another file for the system, because lmdb knows files by their inodes, and this one is open.
    const copy = join(home, 'copy.mdb');
    copyFileSync(made.file, copy);
    linkSync(copy, file);
  } catch (cause) {
    // What cannot link makes its file where it stands.
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      void removed();
      throw noAccess(path, cause);
    }
  }
  return removed();
}

function lmdb(): typeof import('lmdb') {
  return requirePeer('lmdb', 'diskTier() stores') as typeof import('lmdb');
}

function prepareDirectory(path: string): void {
  try {
    makePrivate(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const file of ['data.mdb', 'lock.mdb'].map((name) => join(path, name))) {
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    }
    if (freeBytes(path) < FOR_OTHERS) throw new Error('the disk is full');
  } catch (cause) {
    throw noAccess(path, cause);
  }
}

function openEnvironment(path: string, file: string, open: Open): RootDatabase {
  const mapSize = mapSizeFor(process.platform, process.arch, processLimit('address space'));
  const options = {
    noSubdir: false,
    maxDbs: MOST_DATABASES,
    encoding: 'binary',
    // What lmdb begins by itself at the end of a turn rejects a promise without a handler when the
    // disk is full. Writes are batches of their own, and go together into a transaction anyway.
    eventTurnBatching: false,
    // With it (the default) a commit is acknowledged before it is flushed to the disk.
    overlappingSync: false,
    permissionsMode: 0o600,
    maxReaders: MOST_READERS,
    ...(mapSize !== undefined && { mapSize }),
  } as const;
  try {
    return open(path, options);
  } catch (error) {
    // lmdb's own codes are negative, the system's are positive.
    if (Number((error as { code?: number }).code) > 0) throw noAccess(path, error);
    throw notOurs(file, error instanceof Error ? error.message : String(error), error);
  }
}

/** The database that says so is made first, so that a directory without it is another's. */
function checkFormat(root: RootDatabase, file: string): void {
  const names = Array.from(root.getKeys({ limit: MOST_DATABASES }), String);
  if (names.length > 0 && !names.includes(META)) {
    throw notOurs(file, `another program's: it holds ${names.join(', ')}`);
  }
  const meta = root.openDB<number, string>(META, { encoding: 'json' });
  const format = meta.get('format');
  if (format === undefined) meta.putSync('format', FORMAT);
  else if (format !== FORMAT) throw newer(file, format);
}

function newer(file: string, format: number): DiskVersionError {
  return new DiskVersionError(
    `${file} has format ${format}, and this threadmemo knows ${FORMAT}: ` +
      'use the version of threadmemo that has made it, or another path',
  );
}

/** The first read takes a place in the lock file, and locks it under the process id. */
function notReadable(path: string, cause: unknown): DiskAccessError {
  const { code } = cause as { code?: number };
  const why =
    code === READERS_FULL
      ? 'as many processes have it open as its lock file has room for: end some, or all of them, after ' +
        `which the next makes one with more room (${MOST_READERS}), or give another path`
      : `${cause instanceof Error ? cause.message : cause}; if a process in another container that has ` +
        `it open has the same process id (${process.pid}), lmdb cannot tell them apart: start one with ` +
        'an init process (docker run --init), or give it another path';
  return new DiskAccessError(`a disk tier cannot read ${path}: ${why}`, { cause });
}

function noAccess(path: string, cause: unknown): DiskAccessError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DiskAccessError(
    `a disk tier cannot use ${path}: it must be a directory that this process may read and write, ` +
      `on a disk with room (${why})`,
    { cause },
  );
}

function notOurs(file: string, fault: string, cause?: unknown): DiskFormatError {
  return new DiskFormatError(
    `${file} is damaged, or was not made by threadmemo (${fault}). It was left as it is: ` +
      'delete the directory if it is a cache, or give another path',
    { cause },
  );
}
