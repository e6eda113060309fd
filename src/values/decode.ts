/** A value from its bytes: the other half of `encode.ts`. */
import { Codec, type Encoded } from '../protocol.ts';
import { cloneFromBytes } from './clone.ts';
import type { Losses } from './losses.ts';
import { repair } from './repair.ts';
import { latin1Text, utf16Text } from './text.ts';

/**
 * Decodes to a fresh value every time, which shares no memory with the bytes: the caller may change
 * it as it likes. The bytes may lie anywhere, in shared memory too, and are only read.
 */
export function decode({ codec, bytes }: Encoded): unknown {
  switch (codec) {
    case Codec.undefined:
      return undefined;
    case Codec.null:
      return null;
    case Codec.false:
      return false;
    case Codec.true:
      return true;
    case Codec.number:
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true);
    case Codec.bigint:
      return BigInt(latin1Text(bytes));
    case Codec.latin1:
      return latin1Text(bytes);
    case Codec.utf16:
      return utf16Text(bytes);
    case Codec.buffer:
      return Buffer.from(new Uint8Array(bytes).buffer);
    case Codec.uint8array:
      return new Uint8Array(bytes);
    case Codec.clone:
      return cloneFromBytes(bytes);
    case Codec.repaired:
      return decodeRepaired(bytes);
    case Codec.thrown:
      throw new TypeError('What was thrown is decoded by decodeThrown()');
    default:
      return unknownCodec(codec);
  }
}

function decodeRepaired(bytes: Uint8Array): unknown {
  const [value, losses] = cloneFromBytes(bytes) as readonly [unknown, Losses];
  repair(losses);
  return value;
}

function unknownCodec(codec: never): never {
  throw new TypeError(`Unknown codec ${String(codec)}: the bytes are of another version`);
}
