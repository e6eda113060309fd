/** A pool with Redis behind it, which does what it is told, and answers. */

import { createPool } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { truth } from './truth.mjs';

const patient = { timeout: Number(process.env['TIMEOUT']), connectTimeout: 5000 };
const tier = redisTier({ url: process.env['REDIS'], prefix: process.env['PREFIX'], ...patient });
const pool = await createPool({ threads: 1, tiers: [tier] });

const does = {
  call: (n) => truth(n),
  peek: (n) => truth.peek(n),
  invalidate: (n) => truth.invalidate(n),
  clear: () => truth.clear(),
  tag: (n) => pool.invalidateTags(`truth ${n}`),
  clearAll: () => pool.clear(),
  connected: () => tier.stats().connected,
};

process.on('message', async ({ id, what, n }) => process.send({ id, answer: await does[what](n) }));
process.on('disconnect', () => pool.close());
process.send('ready');
