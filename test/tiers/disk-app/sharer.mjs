/**
 * One of several processes with the same job: all keys at once, as soon as it is told to. Says when
 * it is ready, and what came out.
 */

import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { logged } from './logged.mjs';

const keys = Number(process.env['KEYS']);
const disk = diskTier({ path: process.argv[2] });
const pool = await createPool({ threads: 1, tiers: [disk] });
process.once('message', async () => {
  const numbers = Array.from({ length: keys }, (_, n) => n);
  const values = await Promise.all(numbers.map((n) => logged(n)));
  const wrong = numbers.filter((n) => values[n] !== `value of ${n}`);
  const { computations, hitsIn, duplicates } = logged.stats();
  const tier = pool.stats().tiers['disk'];
  await pool.close();
  process.send({ wrong, computations, hits: hitsIn.tiers, duplicates, tier });
  process.disconnect();
});
process.send('ready');
