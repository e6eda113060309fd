/** A value from its bytes: the other half of `encode.ts`. */
import { Codec, type Encoded } from '../protocol.ts';
import { cloneFromBytes } from './clone.ts';
import { float64At } from './float64.ts';
import { plainFromBytes } from './plain-reader.ts';
import { repair } from './repair.ts';
import { mayDie } from './shared-memory.ts';
import { latin1Text, utf16Text } from './text.ts';

/**
 * Decodes to a fresh value every time, which shares no memory with the bytes: the caller may change
 * it as it likes. The bytes may lie anywhere, in shared memory too, and are only read.
 */
export function decode({ codec, bytes }: Encoded): unknown {
  return decodeAt(bytes, 0, bytes.length, codec);
}

/**
 * The same for the bytes between two places in memory. Small values are read right there: a view of
 * their bytes alone would cost more than reading them.
 */
export function decodeAt(memory: Uint8Array, start: number, end: number, codec: Codec): unknown {
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
      return float64At(memory, start);
    case Codec.bigint:
      return BigInt(latin1Text(memory, start, end));
    case Codec.latin1:
      return latin1Text(memory, start, end);
    case Codec.utf16:
      return utf16Text(memory, start, end);
    case Codec.buffer:
      return Buffer.from(new Uint8Array(memory.subarray(start, end)).buffer);
    case Codec.uint8array:
      return new Uint8Array(memory.subarray(start, end));
    case Codec.clone:
      mayDie(end - start);
      return cloneFromBytes(memory.subarray(start, end));
    case Codec.repaired:
      mayDie(end - start);
      return decodeRepaired(memory.subarray(start, end));
    case Codec.thrown:
      throw new TypeError('What was thrown is decoded by decodeThrown()');
    case Codec.plain:
      mayDie(end - start);
      return plainFromBytes(memory, start, end);
    default:
      return unknownCodec(codec);
  }
}

function decodeRepaired(bytes: Uint8Array): unknown {
  const [value, losses] = cloneFromBytes(bytes) as readonly unknown[];
  repair(losses);
  return value;
}

function unknownCodec(codec: never): never {
  throw new TypeError(`Unknown codec ${String(codec)}: the bytes are of another version`);
}
