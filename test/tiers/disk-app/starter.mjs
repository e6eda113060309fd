/**
 * For each directory that its parent names: opens it, writes five records of its own, and says so; says
 * how many there are of all when it is asked for, and closes it then.
 *
 * `starter.mjs <number of this one> <number of all>`, forked.
 */

import { diskTier } from 'threadmemo/disk';
import { compare, fn, keyOf, numbered } from './numbered.mjs';

const [own, all] = process.argv.slice(2).map(Number);
const each = 5;
let tier;

process.on('message', async (path) => {
  if (path !== 'count') {
    tier = diskTier({ path });
    for (let n = own * each; n < (own + 1) * each; n++) await tier.set(fn, keyOf(n), numbered(n));
    process.send('written');
    return;
  }
  const numbers = Array.from({ length: all * each }, (_, n) => n);
  const found = await compare(tier, numbers);
  await tier.close();
  process.send(found);
});
