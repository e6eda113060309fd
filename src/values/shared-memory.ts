/**
 * Bytes in memory that threads share: a message carries them by reference, and an entry keeps that
 * very memory. So only the thread that has made a large value takes time for its size, and threads
 * that decode it.
 *
 * V8 does not count shared memory toward what makes it collect garbage: a thread that only passes
 * such values on would hold gigabytes of dead ones, because its own heap hardly grows. So each thread
 * adds up what it makes and receives, and every few MiB makes *ballast*: as much memory that does
 * count, in pages that are reserved and never touched. Ballast that dies at once would not do. Any
 * scavenge takes it out of the count again, while the shared memory has grown old meanwhile, and only
 * a full collection finds it. So the last pieces are held until they have grown old themselves.
 */

import { types } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import type { Arguments, Encoded, Portable } from '../protocol.ts';
import { isPrimitive } from './primitive.ts';

/** Bytes from which a value has shared memory of its own. */
export const LARGE = 65_536;

/** Bytes of shared memory after which a piece of ballast is made. */
const BALLAST_AFTER = 2 ** 22;
/** V8 collects after 64 to 110 MiB of ballast: four for one keep the dead of a thread below 30 MiB. */
const MOST_FOR_ONE = 4;
/** Collecting costs in proportion to the heap: from here on in bytes, less ballast is made. */
const LARGE_HEAP = 2 ** 27;
/** Held at a time. A scavenge comes after 32 MiB or sooner, and two of them make a piece old. */
const PIECES = 8;

const ballast: ArrayBuffer[] = [];
let oldest = 0;
let gained = 0;

/** True for bytes that are all of a SharedArrayBuffer. */
export function isShared({ buffer, byteLength }: Uint8Array): boolean {
  return types.isSharedArrayBuffer(buffer) && buffer.byteLength === byteLength;
}

/** The same, in shared memory; as it is if it is there already. */
export function inSharedMemory(encoded: Encoded): Encoded {
  const { codec, bytes } = encoded;
  if (isShared(bytes)) return encoded;
  // What it was encoded into dies with this, and V8's serializer has reserved up to twice as much.
  gain(2 * bytes.byteLength);
  return { codec, bytes: sharedCopy(bytes) };
}

export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = newSharedMemory(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

/** For this thread to fill, before another one sees it. */
export function newSharedMemory(length: number): Uint8Array<SharedArrayBuffer> {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  gain(length);
  return bytes;
}

/** A message has brought this value, or these arguments, to this thread. */
export function arrived(carried: Portable | Arguments): void {
  if (isPrimitive(carried) || !('codec' in carried)) return;
  if (isShared(carried.bytes)) gain(carried.bytes.byteLength);
}

/**
 * Objects of about so many bytes were made, or sent as arguments, and may soon be garbage. V8 does
 * count them, but lets the heap of each thread grow to many times what is alive in it before it looks.
 */
export function mayDie(bytes: number): void {
  if (bytes >= LARGE) gain(bytes);
}

function gain(bytes: number): void {
  gained += bytes;
  if (gained < BALLAST_AFTER) return;
  const length = Math.ceil(gained * ballastForOne());
  gained = 0;
  try {
    // Only what can be resized is reserved; the rest would be filled with zeros.
    ballast[oldest] = new ResizableArrayBuffer(length, { maxByteLength: length });
    oldest = (oldest + 1) % PIECES;
  } catch {
    // There are no addresses left, as in a small container: the collections of others must do.
  }
}

function ballastForOne(): number {
  const { used_heap_size: used } = getHeapStatistics();
  return Math.max(1, MOST_FOR_ONE * Math.min(1, LARGE_HEAP / used));
}

/** Node 20 has them, but the types of ES2023 do not. */
const ResizableArrayBuffer = ArrayBuffer as new (
  length: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer;
