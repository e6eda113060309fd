/**
 * One of several processes with the same job: all keys at once, as soon as it is told to. Says when
 * it is ready, each value that it has, and how it went.
 */

import { createPool } from 'threadmemo';
import { logged } from '../disk-app/logged.mjs';
import { openTier } from './tier.mjs';

const keys = Number(process.env['KEYS']);
// However slow the machine is: this is about leases, and each is to be asked for.
const tier = Object.assign(openTier(process.argv[2]), { askedEvenIfSlow: true });
const pool = await createPool({ threads: 1, tiers: [tier], tierTimeout: '100s' });

process.once('message', async () => {
  const call = async (n) => {
    const value = await logged(n);
    process.send({ n, isRight: value === `value of ${n}` });
  };
  await Promise.all(Array.from({ length: keys }, (_, n) => call(n)));
  const { computations, hitsIn } = logged.stats();
  await pool.close();
  process.send({ done: { computations, hits: hitsIn.tiers } });
  process.disconnect();
});
process.send('ready');
