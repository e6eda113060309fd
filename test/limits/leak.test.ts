/** What has ended is not forgotten, and the coordinator's memory grows with every call. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { forgetsMany } from '../fixtures/quick.ts';
import { open } from '../threads/open.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function heapAfter(run: () => Promise<unknown>): Promise<number> {
  await run();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const CALLS = 40_000;
/** Whatever is kept of a call takes more: one object in one Map. */
const BYTES = 60;

test.runIf(inFull)('nested calls whose values are not kept leave nothing behind', async () => {
  const pool = await open({ threads: 1 });
  const before = await heapAfter(() => forgetsMany(0, CALLS));
  const after = await heapAfter(() => forgetsMany(CALLS, CALLS));
  expect(pool.stats()).toMatchObject({ entries: 0, computations: 2 * CALLS + 2 });
  expect((after - before) / CALLS).toBeLessThan(BYTES);
});
