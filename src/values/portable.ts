/**
 * What crosses between threads and is kept in memory: a primitive as it is, anything else as bytes.
 *
 * A primitive cannot be changed by whoever gets it, a message carries it for less than an array of
 * bytes, and it spares the garbage collector one array buffer an entry. Tiers get bytes always.
 */

import { Codec, type Encoded, type Portable, type Primitive } from '../protocol.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';

export function isPrimitive(value: unknown): value is Primitive {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

/** Shares no memory with the value. @param root see {@link encode} @throws {ValueError} */
export function toPortable(value: unknown, root: string): Portable {
  return isPrimitive(value) ? value : encode(value, root);
}

/** A value of the caller's own. */
export function fromPortable(portable: Portable): unknown {
  return isPrimitive(portable) ? portable : decode(portable);
}

export function toEncoded(portable: Portable): Encoded {
  return isPrimitive(portable) ? encode(portable, 'value') : portable;
}

/** The counterpart of {@link toEncoded}. Throws for what is no encoded value. */
export function toPortableAgain(encoded: Encoded): Portable {
  if (!(encoded.bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array');
  return encoded.codec >= Codec.buffer ? encoded : (decode(encoded) as Primitive);
}
