/**
 * Computes numbers, a few at a time, with one lease each, until all of them are stored. Says what it
 * does, a line each: `ready`, `granted <number> <grant>`, `refused <number>`, `wrong <number>`,
 * `done`. It begins when its standard input says so. Each record has the grant in its `ms`.
 *
 * `leaser.mjs <directory> <first number> <last number> <milliseconds of a computation>`
 */

import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as compute } from 'node:timers/promises';
import { diskTier } from 'threadmemo/disk';
import { fn, keyOf, numbered } from './numbered.mjs';

const [path, first, last, ms] = process.argv.slice(2);
const tier = diskTier({ path });
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);
let next = Number(first);
let grants = 0;

async function work() {
  while (next <= Number(last)) await settle(next++);
}

async function settle(n) {
  for (;;) {
    const answer = await tier.lease(fn, keyOf(n));
    if (answer.state === 'found') {
      const { bytes } = answer.record.value;
      if (!Buffer.from(numbered(n).value.bytes).equals(bytes)) say('wrong', n);
      return;
    }
    if (answer.state === 'held') await answer.over;
    else await lead(n, answer.lease);
  }
}

async function lead(n, lease) {
  const grant = process.pid * 1e6 + grants++;
  say('granted', n, grant);
  await compute(Number(ms));
  if (!(await lease.store({ ...numbered(n), ms: grant }))) say('refused', n);
}

say('ready');
await once(process.stdin, 'data');
// Its standard input stays open, which keeps the process alive while it only waits for others.
await Promise.all(Array.from({ length: 8 }, work));
await tier.close();
say('done');
process.stdin.destroy();
