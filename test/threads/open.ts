/** A pool for one test or for one file, closed whatever happens; and how to look at what comes of it. */

import { MessagePort } from 'node:worker_threads';
import { createPool, type MemoPool, type PoolOptions } from 'threadmemo';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';

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

/**
 * Watches the messages to threads, from before their pool opens. The result settles once every thread
 * that was told of a function was told to rest, and ends the watch.
 */
export function watchRest(): () => Promise<void> {
  const { mock, mockRestore } = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(mockRestore);
  const told = (type: 'define' | 'rest') =>
    new Set(mock.contexts.filter((_, at) => typeOf(mock.calls[at]?.[0]) === type));
  const areResting = () => {
    const [working, resting] = [told('define'), told('rest')];
    return working.size > 0 && [...working].every((port) => resting.has(port));
  };
  return async () => {
    await until(areResting);
    mockRestore();
  };
}

const typeOf = (message: unknown) => (message as { type?: unknown } | undefined)?.type;

/** Turns the event loop until something has become known that no promise tells. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
