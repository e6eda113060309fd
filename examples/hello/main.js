// main.js
import { countPrimes } from './primes.js';

const asked = [1_000_000, 1_500_000, 1_000_000, 1_500_000];
console.log(await Promise.all(asked.map((limit) => countPrimes(limit)))); // four answers

const { computations, waits } = countPrimes.stats();
console.log({ computations, waits }); // { computations: 2, waits: 2 }
