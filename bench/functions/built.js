/**
 * Which threadmemo is measured? The built one, as users get it: this checkout's, or the one that
 * `--against` has built for comparison. By its path, and found only here: this folder has a
 * package.json of its own, so the name `threadmemo` does not lead to it.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const checkout = new URL('../../', import.meta.url);
const given = process.env['THREADMEMO_BENCH_PACKAGE'];
const root = given === undefined ? checkout : pathToFileURL(`${given}/`);

/**
 * @param {string} module below `src`, without its ending
 * @returns {string} its URL
 */
export function built(module) {
  return new URL(`dist/src/${module}.js`, root).href;
}

/**
 * A part that users do not get by itself.
 * @param {string} module below `src`, without its ending
 * @returns {string} its URL
 */
export function part(module) {
  const url = new URL(`build/src/${module}.js`, root);
  // Before the package was a bundle, it had all parts.
  return existsSync(url) ? url.href : built(module);
}
