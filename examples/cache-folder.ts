/**
 * Where an example keeps its results: in node_modules, as build tools do, so that `npm ci` removes
 * them with everything else.
 */

import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function cacheFolder(example: string): string {
  return fileURLToPath(new URL(`../node_modules/.cache/threadmemo/${example}`, import.meta.url));
}

/** Removes the results; says so. */
export function clear(example: string): void {
  const folder = cacheFolder(example);
  rmSync(folder, { recursive: true, force: true });
  console.log(`Nothing is left in ${folder}`);
}
