/**
 * Compressed values. A few kilobytes of Brotli may become gigabytes, whatever their record says: so
 * a value that is compressed has a greatest length, and all that are unpacked at one time together.
 */

import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';

/** Bytes. Longer values are stored as they are; part of the format. */
export const LONGEST_PACKED = 2 ** 26;
/** Bytes that are unpacked at one time, by all tiers of the process. */
const MOST_AT_ONCE = LONGEST_PACKED;
/** Bytes that are unpacked in one job of another thread. */
const SMALLEST_CHUNK = 1024;
const LARGEST_CHUNK = 2 ** 20;

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

/** `undefined` where it does not get smaller, or is too long. */
export async function packed(bytes: Uint8Array): Promise<Buffer | undefined> {
  if (bytes.length > LONGEST_PACKED) return undefined;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 4 };
  // A copy: those of a large value lie in shared memory.
  const result = await compress(Buffer.from(bytes), { params });
  return result.length < bytes.length ? result : undefined;
}

/** `undefined` unless it is exactly so long. */
export async function unpacked(bytes: Buffer, length: number): Promise<Buffer | undefined> {
  if (length > LONGEST_PACKED) return undefined;
  await room(length);
  try {
    const chunkSize = Math.min(Math.max(length, SMALLEST_CHUNK), LARGEST_CHUNK);
    const whole = await decompress(bytes, { maxOutputLength: Math.max(length, 1), chunkSize });
    return whole.length === length ? whole : undefined;
  } catch {
    return undefined;
  } finally {
    free(length);
  }
}

let taken = 0;
/** First come, first served. */
const line: { readonly length: number; readonly start: () => void }[] = [];

async function room(length: number): Promise<void> {
  if (line.length > 0 || taken + length > MOST_AT_ONCE) {
    // The operation that has freed the room has taken it for this one.
    return new Promise((start) => line.push({ length, start }));
  }
  taken += length;
}

function free(length: number): void {
  taken -= length;
  for (let [first] = line; first && taken + first.length <= MOST_AT_ONCE; [first] = line) {
    line.shift();
    taken += first.length;
    first.start();
  }
}
