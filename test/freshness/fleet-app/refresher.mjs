/**
 * One process of a fleet behind one Redis, on its parent's word: it calls, has time pass, and lets its
 * computations end. It tells of each computation that begins.
 */

import { createPool, memoize } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { fakeClock } from 'threadmemo/testing';

let lift;
const lifted = new Promise((resolve) => {
  lift = resolve;
});

const made = memoize(
  import.meta.url,
  async () => {
    process.send({ computes: process.pid });
    await lifted;
    return process.pid;
  },
  { name: 'made', version: '1', ttl: '1m', staleWhileRevalidate: '1h' },
);

const clock = fakeClock({ now: Number(process.env['NOW']) });
const pool = await createPool({
  threads: 0,
  clock,
  tiers: [redisTier({ url: process.env['REDIS'], prefix: process.env['PREFIX'] })],
});

const orders = {
  call: () => made(),
  advance: () => clock.advance('61s'),
  lift: () => lift(),
  /** Until no refresh is under way. */
  async quiet() {
    while (pool.inspect().flights.length > 0) await new Promise((resolve) => setImmediate(resolve));
  },
  close: () => pool.close().then(() => process.disconnect()),
};
process.on('message', async ({ id, order }) => {
  const result = await orders[order]();
  if (process.connected) process.send({ id, result });
});
process.send({ id: 0 });
