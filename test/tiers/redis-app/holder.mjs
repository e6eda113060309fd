/**
 * Takes the lease of each key that it is told, says so, and stores a value under it after some
 * milliseconds, or once it was stopped and goes on; says whether that was stored.
 */

import { once } from 'node:events';
import { openRedisTier } from '../../../build/src/tiers/redis/redis-tier.js';

const times = { life: 100, renewEvery: 20, lookEvery: 50, retry: 50, ping: 500 };
const patient = { timeout: 20_000, connectTimeout: 20_000 };
const tier = openRedisTier(
  { url: process.env['REDIS'], prefix: process.env['PREFIX'], ...patient },
  undefined,
  { ...times, pingWhenWaiting: 500 },
);
process.on('message', async ({ key, wait }) => {
  const { state, lease } = await tier.lease('f', key);
  const goesOn = once(process, 'SIGCONT');
  process.send({ state });
  if (wait === 'stopped') await goesOn;
  const until = performance.now() + wait;
  while (performance.now() < until);
  const value = { codec: 9, bytes: new Uint8Array([1]) };
  const stored = await lease.store({ value, expiresAt: Number.POSITIVE_INFINITY, ms: 1 });
  process.send({ stored });
});
process.on('disconnect', () => tier.close());
process.send('ready');
