/**
 * What crosses between threads and is kept in memory: a primitive as it is, anything else as bytes,
 * and what is large as bytes in shared memory.
 *
 * A primitive cannot be changed by whoever gets it, a message carries it for less than an array of
 * bytes, and it spares the garbage collector one array buffer an entry. Tiers get bytes always.
 */

import { Codec, type Encoded, type Portable, type Primitive } from '../protocol.ts';
import { decode } from './decode.ts';
import { codecOfBytes, encode } from './encode.ts';
import { isPrimitive } from './primitive.ts';
import { inSharedMemory, LARGE, sharedCopy } from './shared-memory.ts';

/** Shares no memory with the value. @param root see {@link encode} @throws {ValueError} */
export function toPortable(value: unknown, root: string): Portable {
  if (isPrimitive(value)) return isLarge(value) ? inSharedMemory(encode(value, root)) : value;
  return largeBytes(value) ?? ifLarge(encode(value, root));
}

export function toEncoded(portable: Portable): Encoded {
  return isPrimitive(portable) ? encode(portable, 'value') : portable;
}

/**
 * The counterpart of {@link toEncoded}; what is large is left as it is. Throws for what is no
 * encoded value.
 */
export function toPortableAgain(encoded: Encoded): Portable {
  const { codec, bytes } = encoded;
  if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array');
  const isEncoded = codec >= Codec.buffer || bytes.byteLength >= LARGE;
  return isEncoded ? encoded : (decode(encoded) as Primitive);
}

/** In shared memory from a certain size. */
export function ifLarge(encoded: Encoded): Encoded {
  return encoded.bytes.byteLength < LARGE ? encoded : inSharedMemory(encoded);
}

/** Spares a large Buffer the second copy. */
function largeBytes(value: unknown): Encoded | undefined {
  if (!(value instanceof Uint8Array) || value.byteLength < LARGE) return undefined;
  const codec = codecOfBytes(value);
  return codec === undefined ? undefined : { codec, bytes: sharedCopy(value) };
}

/** Digits take too long to be counted: a bigint of so many bits has more of them than `LARGE`. */
function isLarge(value: Primitive): boolean {
  if (typeof value === 'string') return value.length >= LARGE;
  return typeof value === 'bigint' && BigInt.asIntN(LARGE * 4, value) !== value;
}
