// primes.js: an ordinary module. Worker threads load it as well, so it only defines functions.
import { memoize } from 'threadmemo';

export const countPrimes = memoize(import.meta.url, function countPrimes(limit) {
  let found = 0;
  for (let n = 2; n < limit; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) found++;
  }
  return found;
});
