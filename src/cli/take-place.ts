/**
 * How a file with new content takes the place of one that is there: with its mode and its owner. Where
 * that cannot be, because the file has another name (a hard link), or its owner may not be given, the
 * content is copied into it. Access control lists and other attributes are those of a new file, unless
 * it is copied.
 */

import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const MODE = 0o777;
const WRITABLE = 0o222;
/** Links that are followed, as Linux does. */
const MOST_LINKS = 40;
const CHUNK = 1024 * 1024;
/** What lies there stands for open files: for a pipe, its link names no file. */
const DESCRIPTORS = /^\/(?:dev|proc\/.+)\/fd$/;

/** Where a path leads, through links, also to a file that does not exist; a descriptor leads nowhere. */
export function targetOf(path: string): string {
  let file = resolve(path);
  for (let links = 0; links <= MOST_LINKS; links++) {
    file = join(realpathSync(dirname(file)), basename(file));
    const next = isDescriptor(file) ? undefined : linkAt(file);
    if (next === undefined) return file;
    file = resolve(dirname(file), next);
  }
  throw new Error('it is a link that leads to itself');
}

/** True for `/proc/self/fd/1`, to which `/dev/stdout` leads. */
export function isDescriptor(path: string): boolean {
  return DESCRIPTORS.test(dirname(path));
}

/** @throws when the file is there and may not be replaced; root is bound by its mode, too */
export function checkWritable(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) return;
  if ((stats.mode & WRITABLE) === 0) {
    throw new Error('it is read-only; make it writable (chmod u+w), or give another --out');
  }
  accessSync(file, constants.W_OK);
}

/** Opens a new file that no more users can read than the one whose place it is to take. */
export function openInPlaceOf(file: string, path: string): number {
  const old = statSync(file, { throwIfNoEntry: false });
  const fd = openSync(path, 'wx', old ? 0o600 : 0o666);
  if (old) becomeLike(fd, old);
  return fd;
}

/** Closes the new file, which has this path, and puts it in the place of the other. */
export function takePlace(fd: number, path: string, file: string): void {
  const old = statSync(file, { throwIfNoEntry: false });
  const isCopied = old?.isFile() && (old.nlink > 1 || !becomeLike(fd, old));
  closeSync(fd);
  if (!isCopied) return renameSync(path, file);
  copyInto(path, file);
  rmSync(path);
}

/** @returns whether it has the owner, the group and the mode now */
function becomeLike(fd: number, { uid, gid, mode }: Stats): boolean {
  try {
    const own = fstatSync(fd);
    if (own.uid !== uid || own.gid !== gid) fchownSync(fd, uid, gid);
    if ((own.mode & MODE) !== (mode & MODE)) fchmodSync(fd, mode & MODE);
    return true;
  } catch {
    return false;
  }
}

function copyInto(from: string, to: string): void {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'r+');
    try {
      ftruncateSync(target, copy(source, target));
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** @returns how many bytes */
function copy(source: number, target: number): number {
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; ; ) {
    const read = readSync(source, chunk, 0, CHUNK, at);
    if (read === 0) return at;
    for (let done = 0; done < read; )
      done += writeSync(target, chunk, done, read - done, at + done);
    at += read;
  }
}

function linkAt(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
