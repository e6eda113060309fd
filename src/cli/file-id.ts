/** Which file it is, whatever it is called: only plain files, which must not be read and written at once. */

import { type BigIntStats, fstatSync, statSync } from 'node:fs';

export type FileId = Pick<BigIntStats, 'dev' | 'ino'>;

/** `undefined` for what is no plain file. */
export function fileId(fd: number): FileId | undefined {
  return ofPlain(fstatSync(fd, { bigint: true }));
}

/** Whether there is such a file, and it is this one. */
export function isFile(path: string, id: FileId | undefined): boolean {
  const found = id && ofPlain(statSync(path, { bigint: true, throwIfNoEntry: false }));
  return found !== undefined && isSame(found, id);
}

export function isSame(one: FileId | undefined, other: FileId | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

function ofPlain(stats: BigIntStats | undefined): FileId | undefined {
  return stats?.isFile() ? stats : undefined;
}
