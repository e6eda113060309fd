/** Is there a cache in the directory? A tier makes one that is not there; but a question about it is a misspelling. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Unusable } from './ended.ts';

/** @throws {Unusable} */
export function checkCacheDirectory(path: string): void {
  if (!existsSync(path)) throw new Unusable(`there is no directory ${path}`);
  if (!existsSync(join(path, 'data.mdb'))) {
    throw new Unusable(`${path} is no cache of threadmemo's: there is no data.mdb in it`);
  }
}
