/**
 * What a worker thread of bare Piscina runs: the same compression as in compress.ts, no memory.
 * Plain JavaScript, because on Node 20 a worker thread cannot import a .ts file by itself.
 */

import { brotliCompressSync, constants } from 'node:zlib';

/** @param {{ content: Uint8Array, quality: number }} task */
export default function compress({ content, quality }) {
  return brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
}
