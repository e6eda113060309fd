/** Opens a tier, uses it once, and leaves it open. */

import { Redis } from 'ioredis';
import { redisTier } from 'threadmemo/redis';

const [url, by] = process.argv.slice(2);
const where = by === 'redis' ? { url } : { client: new Redis(url, { lazyConnect: true }) };
const tier = redisTier({ ...where, timeout: 3000 });
try {
  await tier.get('f', 'f(1)');
  console.log(tier.stats().connected);
} catch (error) {
  console.log(error.name);
}
