/**
 * Asks for one key again and again, with Redis behind it, and says whose value it was and how old,
 * by a clock that all processes of the machine share, until it is told to stop.
 */

import { setTimeout } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { createPool, memoize } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';

const uptime = () => Number(process.hrtime.bigint()) / 1e6;

const made = memoize(import.meta.url, () => ({ at: uptime(), pid: process.pid }), {
  ...{ name: 'made', version: '1', ttl: Number(process.env['TTL']) },
});

if (isMainThread) {
  const patient = { timeout: 20_000, connectTimeout: 20_000 };
  const pool = await createPool({
    threads: 1,
    tiers: [redisTier({ url: process.env['REDIS'], ...patient })],
  });
  process.send({ date: Date.now() });
  while (process.connected) {
    const asked = uptime();
    const { at, pid } = await made();
    if (process.connected) process.send({ at, pid, age: asked - at });
    await setTimeout(5);
  }
  await pool.close();
}
