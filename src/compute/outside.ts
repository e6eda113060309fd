/**
 * What this thread does for the pool is done in no caller's asynchronous context. A computation may
 * block, or look for its signal, inside of an `AsyncLocalStorage` of its own: whatever is scheduled
 * then would run in that context, computations of other callers among it.
 */

import { AsyncResource } from 'node:async_hooks';

const resource = new AsyncResource('threadmemo');

/** Runs it at once, in the context in which this module was loaded. */
export function outside<T>(run: () => T): T {
  return resource.runInAsyncScope(run);
}
