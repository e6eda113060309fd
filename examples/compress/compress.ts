/**
 * The function that this example is about: Brotli at its best and slowest, computed once a content.
 * Any thread may import this module and call `compress`; the work is done in worker threads.
 *
 * Its arguments are the file's bytes, not its path: what has the same content is the same work,
 * whatever it is called, and an edited file is never answered with what it was before.
 */

import { brotliCompressSync, constants } from 'node:zlib';
import { memoize } from 'threadmemo';

export const compress = memoize(
  import.meta.url,
  function compress(content: Uint8Array, quality: number): Buffer {
    return brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
  },
  // On disk, results outlive the Node that has made them, and another Brotli may make others.
  { key: (content, quality) => [content, quality, process.versions['brotli']] },
);
