/** Two calls through a pool with a directory behind it; prints where the answers were found. */

import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { describe } from './describe.mjs';

const pool = await createPool({ threads: 1, tiers: [diskTier({ path: process.argv[2] })] });
const values = [await describe('a', { deep: [1, undefined] }), await describe('b', new Map())];
const { computations, hitsIn } = describe.stats();
console.log(JSON.stringify({ values, computations, tiers: hitsIn.tiers }));
await pool.close();
