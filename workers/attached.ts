/** Memoized functions for threads that somebody else has started. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { memoize } from 'threadmemo';

export const context = new AsyncLocalStorage<string>();

export const seesContext = memoize(import.meta.url, function seesContext(_caller: string): string {
  return context.getStore() ?? 'none';
});
