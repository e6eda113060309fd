/**
 * Bytes in memory that threads share: a message carries them by reference, and whoever keeps them
 * keeps that very memory. So nobody but the thread that has made a large value takes time for its
 * size, unless it decodes it.
 *
 * V8 does not count shared memory toward what makes it collect garbage. A thread that only passes
 * such values on would hold on to gigabytes that nobody wants any more, because its own heap hardly
 * grows. So each thread says what it gets, and now and then makes as much memory that does count:
 * reserved pages, which are never touched and are garbage at once.
 */

import { types } from 'node:util';
import type { Encoded, Portable } from '../protocol.ts';
import { isPrimitive } from './primitive.ts';

/** Bytes from which a value has shared memory of its own. */
export const LARGE = 65_536;

const COLLECT_AFTER = 2 ** 23;

let gained = 0;

/** True for bytes that are all of a SharedArrayBuffer. */
export function isShared({ buffer, byteLength }: Uint8Array): boolean {
  return types.isSharedArrayBuffer(buffer) && buffer.byteLength === byteLength;
}

/** The same, in shared memory; as it is if it is there already. */
export function inSharedMemory(encoded: Encoded): Encoded {
  const { codec, bytes } = encoded;
  return isShared(bytes) ? encoded : { codec, bytes: sharedCopy(bytes) };
}

export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  gain(copy.byteLength);
  return copy;
}

/** A message has brought this value to this thread. */
export function arrived(value: Portable): void {
  if (!isPrimitive(value) && isShared(value.bytes)) gain(value.bytes.byteLength);
}

function gain(bytes: number): void {
  gained += bytes;
  if (gained < COLLECT_AFTER) return;
  const length = gained;
  gained = 0;
  try {
    // Only what can be resized is reserved; the rest would be filled with zeros.
    new ResizableArrayBuffer(length, { maxByteLength: length });
  } catch {
    // There are no addresses left, as in a small container: then it is for others to collect.
  }
}

/** Node 20 has them, but the types of ES2023 do not. */
const ResizableArrayBuffer = ArrayBuffer as new (
  length: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer;
