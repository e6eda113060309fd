/**
 * Looks at lmdb's file before lmdb does, because lmdb trusts it: it maps the file into memory and
 * follows the page numbers that it finds there, and a wrong one ends the process.
 *
 * The file begins with two pages that hold a meta record each, and a third record in the middle of
 * the first page, which has no magic number. Each says where the trees begin as of one transaction;
 * lmdb goes by the newest, and checks only the first for being one at all. See `MDB_meta` and
 * `mdb_env_read_header` in lmdb's `mdb.c`.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const META_PAGE = 0x08;
const META_BYTES = 168;
/** Another process may be writing a record just while it is read. */
const ATTEMPTS = 5;
/** The root of a tree that has no page. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/**
 * What is wrong with the file; `undefined` for nothing, and for a file that does not exist or is
 * empty. What stands in the trees' own pages is not looked at.
 */
export function faultOf(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    let fault: string | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      fault = faultIn(fd);
      if (!fault) break;
    }
    return fault;
  } finally {
    closeSync(fd);
  }
}

function faultIn(fd: number): string | undefined {
  const { size } = fstatSync(fd);
  if (size === 0) return undefined;
  const first = metaAt(fd, 0);
  if (!first || !isMeta(first)) return 'it is no lmdb file of this version';
  const pageSize = first.readUInt32LE(48);
  if (!isPageSize(pageSize)) return `its pages cannot have ${pageSize} bytes`;
  const middle = metaAt(fd, pageSize / 2);
  const second = metaAt(fd, pageSize);
  if (!middle || !second) return 'it is cut short';
  if (!isMeta(second)) return 'one of its meta records is damaged';
  // The one in the middle is not written before the first transaction.
  const metas = middle.every((byte) => byte === 0) ? [first, second] : [first, middle, second];
  return metas.map((meta) => faultOfMeta(meta, pageSize, size)).find((fault) => fault);
}

function faultOfMeta(meta: Buffer, pageSize: number, size: number): string | undefined {
  if (meta.readUInt32LE(48) !== pageSize) return 'its meta records disagree on the size of a page';
  const last = meta.readBigUInt64LE(144);
  for (const root of [meta.readBigUInt64LE(88), meta.readBigUInt64LE(136)]) {
    if (root === NO_PAGE) continue;
    if (root < 2n || root > last) return 'one of its meta records is damaged';
    if ((root + 1n) * BigInt(pageSize) > BigInt(size)) return 'it is cut short';
  }
  return undefined;
}

function metaAt(fd: number, offset: number): Buffer | undefined {
  const meta = Buffer.alloc(META_BYTES);
  return readSync(fd, meta, 0, META_BYTES, offset) === META_BYTES ? meta : undefined;
}

function isMeta(meta: Buffer): boolean {
  const isPage = (meta.readUInt16LE(18) & META_PAGE) !== 0;
  const version = meta.readUInt32LE(28) & 0xffff;
  return isPage && meta.readUInt32LE(24) === MAGIC && version === VERSION;
}

function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;
}
