/** What only the thread that opens the pool may do. */

import { ThreadError } from '../errors.ts';
import { installedSide } from './side.ts';

/**
 * @param tier what was called: `diskTier()`
 * @param store what the thread reaches through the pool: `the disk`
 * @throws {ThreadError} in a thread of a pool
 */
export function refuseTierInPool(tier: string, store: string): void {
  if (installedSide()?.kind !== 'pool') return;
  throw new ThreadError(
    `${tier} was called in a worker thread of a pool, which reaches ${store} through the pool. ` +
      'The thread has loaded the module that starts the application, because a memoized function ' +
      'is defined there: move the function to a module of its own.',
  );
}
