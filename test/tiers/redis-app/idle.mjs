/** Opens a tier, uses it once, and leaves it open. */

import { redisTier } from 'threadmemo/redis';

const tier = redisTier({ url: process.argv[2], timeout: 3000 });
try {
  await tier.get('f', 'f(1)');
  console.log(tier.stats().connected);
} catch (error) {
  console.log(error.name);
}
