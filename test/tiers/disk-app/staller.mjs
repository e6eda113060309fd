/**
 * Begins a transaction in a directory that a tier has made, says so, and does not end it.
 *
 * `staller.mjs <directory>`
 */

import { writeSync } from 'node:fs';
import { open as openLmdb } from 'lmdb';

const root = openLmdb({ path: process.argv[2], noSubdir: false });
root.transactionSync(() => {
  writeSync(1, 'stalled\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
