/** `node keep.js disk <path>`, `redis <url>` or `keyv`: a value that the tier keeps for a second pool. */

import { createPool } from 'threadmemo';
import { square } from './square.js';

const [kind, where] = process.argv.slice(2);
const open = {
  disk: async () => (await import('threadmemo/disk')).diskTier({ path: where }),
  redis: async () => (await import('threadmemo/redis')).redisTier({ url: where }),
  keyv: async () => (await import('threadmemo/keyv')).keyvTier(keyv),
};
const keyv = kind === 'keyv' && new (await import('keyv')).default();
try {
  const seen = [];
  for (const _ of [1, 2]) {
    const pool = await createPool({ threads: 1, tiers: [await open[kind]()] });
    seen.push(await square(12), square.stats().computations, square.stats().hitsIn.tiers);
    await pool.close();
  }
  console.log(JSON.stringify(seen));
} catch ({ name, message }) {
  console.log(JSON.stringify({ name, message }));
}
