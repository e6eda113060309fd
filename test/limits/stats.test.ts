/** `pool.stats()` keeps its thread for as long as there are functions, and not several times that. */

import { expect, onTestFinished, test, vi } from 'vitest';
import { Counters } from '../../build/src/coordinator/stats.js';
import { createPool, memoize } from '../../build/src/index.js';

test('each function is asked once, and all numbers are added up', async () => {
  const pool = await createPool({ threads: 1 });
  onTestFinished(() => pool.close());
  const functions = Array.from({ length: 50 }, (_, n) =>
    memoize(import.meta.url, () => n, { name: `counted ${n}` }),
  );
  for (const counted of functions) counted.stats();
  const snapshot = vi.spyOn(Counters.prototype, 'snapshot');
  const stats = pool.stats();
  // And the sum begins with one.
  expect(snapshot).toHaveBeenCalledTimes(functions.length + 1);
  expect(Object.keys(stats.functions)).toEqual(functions.map(({ id }) => id));
  expect(stats.notKept).toEqual({ tooLarge: 0, noRoom: 0, declined: 0 });
});
