/**
 * Writes records up to a number, a hundred at a time, whether they find room or not; then prints which
 * did, and what the others were refused with.
 *
 * `filler.mjs <directory> <last number>`
 */

import { diskTier } from 'threadmemo/disk';
import { fn, keyOf, numbered } from './numbered.mjs';

const [path, last] = process.argv.slice(2);
const tier = diskTier({ path });
const kept = [];
const refused = new Set();
for (let first = 1; first <= Number(last); first += 100) {
  const numbers = Array.from({ length: 100 }, (_, at) => first + at);
  const writes = numbers.map((n) => tier.set(fn, keyOf(n), numbered(n)));
  for (const [at, { status, reason }] of (await Promise.allSettled(writes)).entries()) {
    if (status === 'fulfilled') kept.push(numbers[at]);
    else refused.add(reason.name);
  }
}
await tier.close();
console.log(JSON.stringify({ kept, refused: [...refused] }));
