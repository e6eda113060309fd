/**
 * One of several processes with the same job: all keys at once, as soon as it is told to. Says when
 * it is ready, and what came out.
 */

import { createPool } from 'threadmemo';
import { openRedisTier } from '../../../dist/src/tiers/redis/redis-tier.js';
import { logged } from '../disk-app/logged.mjs';

const keys = Number(process.env['KEYS']);
const times = { life: 4000, renewEvery: 500, lookEvery: 200, retry: 100, ping: 500 };
const patient = { timeout: 20_000, connectTimeout: 20_000 };
const tier = openRedisTier(
  { url: process.env['REDIS'], prefix: process.env['PREFIX'], ...patient },
  undefined,
  { ...times, pingWhenWaiting: 500 },
);
const pool = await createPool({ threads: 1, tiers: [tier] });
process.once('message', async () => {
  const numbers = Array.from({ length: keys }, (_, n) => n);
  const values = await Promise.all(numbers.map((n) => logged(n)));
  const wrong = numbers.filter((n) => values[n] !== `value of ${n}`);
  const { computations, hitsIn, duplicates } = logged.stats();
  const stats = pool.stats().tiers['redis'];
  await pool.close();
  process.send({ wrong, computations, hits: hitsIn.tiers, duplicates, tier: stats });
  process.disconnect();
});
process.send('ready');
