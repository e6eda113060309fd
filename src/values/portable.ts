/**
 * What crosses between threads and is kept in memory: a primitive as it is, anything else as bytes,
 * and what is large as bytes in shared memory.
 *
 * A primitive cannot be changed by its receiver, a message carries it for less than an array of
 * bytes, and it spares the garbage collector one array buffer an entry. Tiers get bytes always.
 */

import { types } from 'node:util';
import { Codec, type Encoded, type Portable, type Primitive } from '../protocol.ts';
import { decode } from './decode.ts';
import { codecOfBytes, encode } from './encode.ts';
import { isPrimitive } from './primitive.ts';
import { inSharedMemory, LARGE, newSharedMemory, sharedCopy } from './shared-memory.ts';
import { isLatin1, putText } from './text.ts';

/** Shares no memory with the value. @param root see {@link encode} @throws {ValueError} */
export function toPortable(value: unknown, root: string): Portable {
  if (typeof value === 'string') return value.length < LARGE ? value : largeText(value);
  if (isPrimitive(value)) return isLarge(value) ? inSharedMemory(encode(value, root)) : value;
  return largeBytes(value) ?? ifLarge(encode(value, root, sharedIfLarge));
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
  if (!types.isUint8Array(bytes)) throw new TypeError('bytes must be a Uint8Array');
  const isEncoded = codec >= Codec.buffer || bytes.byteLength >= LARGE;
  return isEncoded ? encoded : (decode(encoded) as Primitive);
}

/** In shared memory from a certain size. */
export function ifLarge(encoded: Encoded): Encoded {
  return encoded.bytes.byteLength < LARGE ? encoded : inSharedMemory(encoded);
}

/** Spares a large Buffer the second copy. */
function largeBytes(value: unknown): Encoded | undefined {
  if (!types.isUint8Array(value) || value.byteLength < LARGE) return undefined;
  const codec = codecOfBytes(value);
  return codec === undefined ? undefined : { codec, bytes: sharedCopy(value) };
}

/** Memory to encode into, from a certain size; below, the encoder makes its own. */
export function sharedIfLarge(length: number): Uint8Array | undefined {
  return length < LARGE ? undefined : newSharedMemory(length);
}

/** The same for a large text. */
function largeText(text: string): Encoded {
  const isNarrow = isLatin1(text);
  const bytes = newSharedMemory(isNarrow ? text.length : text.length * 2);
  putText(text, bytes);
  return { codec: isNarrow ? Codec.latin1 : Codec.utf16, bytes };
}

/** Digits take too long to be counted: a bigint of so many bits has more of them than `LARGE`. */
function isLarge(value: Primitive): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(LARGE * 4, value) !== value;
}
