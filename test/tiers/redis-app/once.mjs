/** Calls a memoized function once, with Redis behind it, and says what came of it. */

import { isMainThread } from 'node:worker_threads';
import { createPool, memoize } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';

const double = memoize(import.meta.url, (n) => n * 2, { name: 'double', version: '1' });

if (isMainThread) {
  const patient = { timeout: 20_000, connectTimeout: 20_000 };
  const tier = redisTier({ url: process.env['REDIS'], ...patient });
  const pool = await createPool({ threads: 1, tiers: [tier], namespace: 'tests' });
  const value = await double(Number(process.argv[2]));
  const { connected } = tier.stats();
  const { hits } = pool.stats().tiers['redis'];
  await pool.close();
  console.log(JSON.stringify({ value, connected, hits }));
}
