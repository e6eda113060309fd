/** A pool for one test or for one file, closed whatever happens; and how to look at what comes of it. */

import { createPool, type MemoPool, type PoolOptions } from 'threadmemo';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';

// Starting a thread takes long on a busy machine. No test measures time.
vi.setConfig({ testTimeout: Number(process.env['TT'] ?? 60_000), hookTimeout: 60_000 });

/** Opens a pool that is closed when the test is over. */
export async function open(options: PoolOptions): Promise<MemoPool> {
  const pool = await createPool(options);
  onTestFinished(() => pool.close());
  return pool;
}

/** One pool for all tests of a file, or group, that do not mind what the others have done in it. */
export function openForAll(options: PoolOptions): () => MemoPool {
  let pool: MemoPool;
  beforeAll(async () => {
    pool = await createPool(options);
  });
  afterAll(() => pool.close());
  return () => pool;
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error('it was not rejected', { cause: outcome.value });
}

/** Turns the event loop until something has become known that no promise tells. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
