/** A module of TypeScript that nothing has compiled; those in `test/fixtures/` are. */

import { memoize } from 'threadmemo';

export const typed = memoize(import.meta.url, function typed(n: number): string {
  return `${n}` satisfies string;
});
