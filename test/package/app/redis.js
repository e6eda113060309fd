import { createPool } from 'threadmemo';
import { redisTier } from 'threadmemo/redis';
import { loaded } from './loaded.js';

try {
  // No server listens there.
  const pool = await createPool({ threads: 1, tiers: [redisTier({ url: 'redis://127.0.0.1:1' })] });
  const worker = await loaded();
  console.log(JSON.stringify({ main: loaded.original(), worker }));
  await pool.close();
} catch (error) {
  console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
}
