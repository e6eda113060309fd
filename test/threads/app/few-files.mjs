/** Run with few file descriptors: uses them all while a thread is to load a module. */

import { closeSync, openSync } from 'node:fs';
import { createPool } from 'threadmemo';
import { tiny } from '../../../build/test/fixtures/batches-and-sleep.js';
import { increment } from '../../../build/test/fixtures/quick.js';

const pool = await createPool({ threads: 1 });
await increment(1);

const files = [];
try {
  for (;;) files.push(openSync('/dev/null'));
} catch {}
const failed = await tiny(0).catch((error) => error);
for (const file of files) closeSync(file);
console.log(`failed: ${failed.code}`);

const calls = Array.from({ length: 10 }, (_, n) => tiny(n + 1));
const answered = (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled');
console.log(`answered: ${answered.length} of 10`);
await pool.close();
