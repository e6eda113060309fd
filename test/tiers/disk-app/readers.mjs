/**
 * Opens a directory with lmdb alone and takes room for readers in its lock file, then says so, and
 * keeps it until it is killed.
 *
 * `readers.mjs <directory> <how many> [<room for so many, in a new lock file>]`
 */

import { open as openLmdb } from 'lmdb';

const [path, count, maxReaders] = process.argv.slice(2);
const room = maxReaders && { maxReaders: Number(maxReaders) };
const root = openLmdb({ path, noSubdir: false, overlappingSync: false, ...room });
const readers = Array.from({ length: Number(count) }, (_, n) => {
  // Each reads another transaction, and so takes a place of its own.
  root.putSync('number', n);
  const transaction = root.useReadTransaction();
  root.get('number', { transaction });
  root.resetReadTxn();
  return transaction;
});
console.log(readers.length);
// What nothing refers to is collected, and gives its place back.
setInterval(() => readers.length, 1e6);
