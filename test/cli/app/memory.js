/** Loaded before the command: leaves behind how much memory the process had at most. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const status = '/proc/self/status';

/** Bytes. Linux hands `maxRSS` on to a program that a process becomes, and so our parent's is in it. */
function most() {
  const { maxRSS } = process.resourceUsage();
  const own = existsSync(status) && /VmHWM:\s*(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
  return Number(own || maxRSS) * 1024;
}

if (isMainThread) process.on('exit', () => writeFileSync('memory', String(most())));
