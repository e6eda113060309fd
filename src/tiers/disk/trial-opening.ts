/**
 * Opens the database in a process of its own, which can be ended when lmdb waits for a lock that
 * never comes. That takes as long as Node takes to start: so it is for a lock that looks held and
 * does not change hands, and tells a stopped process from what a crash of the machine has left.
 */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** Milliseconds until the process is ended. */
const LIMIT = 5000;

const PROGRAM = `
  const [lmdb, path] = process.argv.slice(1);
  require(lmdb).open({ path, noSubdir: false, overlappingSync: false }).transactionSync(() => {});
  process.exit(0);`;

/** Whether lmdb gets the lock of this directory in time. */
export function opensElsewhere(directory: string): boolean {
  const lmdb = createRequire(import.meta.url).resolve('lmdb');
  const { status } = spawnSync(process.execPath, ['--eval', PROGRAM, lmdb, directory], {
    stdio: 'ignore',
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return status === 0;
}
