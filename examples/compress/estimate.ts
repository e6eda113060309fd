/**
 * How long it is going to take: compresses for half a second on this thread, and reckons from that.
 */

import { availableParallelism } from 'node:os';
import { brotliCompressSync } from 'node:zlib';
import type { Work } from './measure.ts';
import { type SourceFile, totalBytes } from './select.ts';

const sampleMs = 500;

/**
 * Milliseconds for all runs: the first compresses every request, the others every file once; but the
 * last nothing, if its results are stored.
 */
export function estimate(
  files: readonly SourceFile[],
  { requests, threads }: Work,
  stored: boolean,
): number {
  const bytes = totalBytes(requests) + totalBytes(files) * (stored ? 1 : 2);
  return (bytes * msPerByte(files)) / Math.min(threads, availableParallelism());
}

function msPerByte(files: readonly SourceFile[]): number {
  const start = performance.now();
  let bytes = 0;
  for (const { content } of files) {
    // Quality 11 is Brotli's default.
    brotliCompressSync(content);
    bytes += content.length;
    if (performance.now() - start > sampleMs) break;
  }
  return (performance.now() - start) / bytes;
}
