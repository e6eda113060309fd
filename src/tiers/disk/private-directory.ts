/**
 * A directory that no other user can read, and that none can have prepared. lmdb follows links, so a
 * `lock.mdb` that leads elsewhere would overwrite what is there; a database that another user has made
 * answers with that user's values; and values may be anything, so they are for their own user only.
 *
 * Invariant: when `makePrivate` has returned, no other user but root can change what is in the
 * directory, or read the files that are there and that are made later. The directory is looked at
 * first, and closed: what is found in it afterwards stays as it is.
 *
 * Windows has no modes: there, a directory is as private as its parent.
 */

import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OF_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;
/** What is written to. A second name of `data.mdb` is one that its maker has not removed yet. */
const files = ['data.mdb', 'lock.mdb', 'reserve'];

/** Makes it where it is missing. @throws {Error} that says what is wrong with what is there */
export function makePrivate(directory: string): void {
  mkdirSync(dirname(directory), { recursive: true });
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const user = process.getuid?.();
  if (user === undefined) return;
  const link = lstatSync(directory);
  if (link.isSymbolicLink()) checkOwner('the link', link, user);
  const stats = statSync(directory);
  if (!stats.isDirectory()) throw new Error(`EEXIST: ${directory} is no directory`);
  checkOwner('the directory', stats, user);
  checkWriters(stats, user);
  if (stats.uid === user && stats.mode & OF_OTHERS && isOurs(directory)) {
    chmodSync(directory, 0o700);
  }
  for (const name of files) checkFile(join(directory, name), user);
}

function checkOwner(what: string, { uid }: Stats, user: number): void {
  if (uid === user || uid === 0) return;
  throw new Error(
    `${what} belongs to user ${uid}, and this process runs as ${user}: whose the directory is could ` +
      'read and change what is cached; give a directory of its own user, such as one below it that ' +
      'does not exist',
  );
}

/** A group that has the user's own number has no other members where systems make one for each user. */
function checkWriters({ mode, uid, gid }: Stats, user: number): void {
  const isOwnGroup = uid === user && gid === uid;
  const others = mode & WRITABLE_BY_OTHERS || (mode & WRITABLE_BY_GROUP && !isOwnGroup);
  if (!others) return;
  throw new Error(
    `other users may write to the directory (mode ${(mode & 0o777).toString(8)}), and could have ` +
      'prepared what is in it: chmod 700, or give a directory below it that does not exist',
  );
}

/** A directory with something else in it is the user's, and only what may be written is closed. */
function isOurs(directory: string): boolean {
  const names = readdirSync(directory);
  return names.length === 0 || names.includes('data.mdb');
}

function checkFile(file: string, user: number): void {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isFile()) throw new Error(`${file} is a link, or no file`);
  if (stats.nlink > 1 && !file.endsWith('data.mdb')) {
    throw new Error(
      `${file} has another name elsewhere (a hard link), whose content would be lost`,
    );
  }
  checkOwner(file, stats, user);
  if (stats.uid === user && stats.mode & OF_OTHERS) chmodSync(file, 0o600);
}
