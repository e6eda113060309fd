// prices.js
import { memoize } from 'threadmemo';
import { fetchRate } from './rates.js';

export const price = memoize(
  import.meta.url,
  async function price(cents, currency) {
    return Math.round(cents * (await fetchRate(currency)));
  },
  { ttl: '10m', staleWhileRevalidate: '1h', cacheErrors: '30s' },
);
