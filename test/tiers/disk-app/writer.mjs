/**
 * Writes records to a directory, several at a time, and prints the number of each when the tier has
 * acknowledged it.
 *
 * `writer.mjs <directory> <first number> [<last number>]`; without a last one until it is killed.
 */

import { writeSync } from 'node:fs';
import { diskTier } from 'threadmemo/disk';
import { fn, keyOf, numbered } from './numbered.mjs';

const [path, first, last = Number.POSITIVE_INFINITY] = process.argv.slice(2);
const tier = diskTier({ path });
let next = Number(first);

async function write() {
  while (next <= Number(last)) {
    const n = next++;
    await tier.set(fn, keyOf(n), numbered(n));
    writeSync(1, `${n}\n`);
  }
}

await Promise.all(Array.from({ length: 20 }, write));
await tier.close();
