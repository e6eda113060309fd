/** The tier of a test's process, whose leases end soon: seconds are what memcached has. */

import { systemClock } from '../../../build/src/clock.js';
import { openMemcachedTier } from '../../../build/src/tiers/memcached/memcached-tier.js';

export function openTier(servers) {
  const options = { servers, timeout: 5000, connectTimeout: 20_000 };
  return openMemcachedTier(options, systemClock, { life: 3, renewEvery: 200, retry: 100 });
}
