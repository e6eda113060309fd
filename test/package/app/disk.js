import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { loaded } from './loaded.js';

const path = process.argv[2];
try {
  const pool = await createPool({ threads: 1, tiers: [diskTier({ path })] });
  const worker = await loaded();
  console.log(JSON.stringify({ main: loaded.original(), worker }));
  await pool.close();
} catch (error) {
  console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
}
