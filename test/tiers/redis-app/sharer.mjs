/**
 * One of several processes with the same job: all keys at once, as soon as it is told to. Says when
 * it is ready, and what came out: the numbers whose lease it had lost by the time it had computed
 * them among it, and for how long Redis did not answer it, which alone may cost it a lease.
 */

import { createPool } from 'threadmemo';
import { openRedisTier } from '../../../build/src/tiers/redis/redis-tier.js';
import { logged } from '../disk-app/logged.mjs';

const keys = Number(process.env['KEYS']);
const times = { life: 4000, renewEvery: 500, lookEvery: 200, retry: 100, ping: 500 };
const patient = { timeout: 100_000, connectTimeout: 100_000 };
const tier = openRedisTier(
  { url: process.env['REDIS'], prefix: process.env['PREFIX'], ...patient },
  undefined,
  { ...times, pingWhenWaiting: 500 },
);
const lost = new Set();
const ask = tier.lease.bind(tier);
tier.lease = async (...what) => {
  const answer = await ask(...what);
  if (answer.state !== 'granted') return answer;
  const store = async (record) => {
    const stored = await answer.lease.store(record);
    if (!stored) lost.add(what[1]);
    return stored;
  };
  return { state: 'granted', lease: { store, release: () => answer.lease.release() } };
};
// However slow the machine is: this is about leases, and each is to be asked for.
tier.askedEvenIfSlow = true;
const pool = await createPool({ threads: 1, tiers: [tier], tierTimeout: '100s' });

let answered = performance.now();
let silence = 0;
const beats = setInterval(async () => {
  await tier.get('beat', 'beat()');
  const now = performance.now();
  silence = Math.max(silence, now - answered);
  answered = now;
}, 100);
process.once('message', async () => {
  const numbers = Array.from({ length: keys }, (_, n) => n);
  const values = await Promise.all(numbers.map((n) => logged(n)));
  const wrong = numbers.filter((n) => values[n] !== `value of ${n}`);
  const { computations, hitsIn, duplicates } = logged.stats();
  const { failures } = pool.stats().tiers['redis'];
  clearInterval(beats);
  await pool.close();
  const result = {
    pid: process.pid,
    wrong,
    computations,
    hits: hitsIn.tiers,
    duplicates,
    failures,
  };
  process.send({ ...result, lost: numbers.filter((n) => lost.has(logged.key(n))), silence });
  process.disconnect();
});
process.send('ready');
