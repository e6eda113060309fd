/**
 * Arguments on their way to another thread: as they are when all are primitives and none is large,
 * else as bytes; in shared memory from a certain size, which a message does not copy.
 */
import type { Encoded } from '../protocol.ts';
import { decode } from './decode.ts';
import { encodeUnlessRefused } from './encode.ts';
import { ifLarge, sharedIfLarge } from './portable.ts';
import { isPrimitive } from './primitive.ts';
import { Refusal } from './refusal.ts';
import { refusedArgument } from './refused-argument.ts';
import { LARGE, mayDie } from './shared-memory.ts';

/**
 * A copy of the arguments when all of them are primitives, which a message carries as they are, and
 * no text is large; else their bytes, which share no memory with them.
 *
 * @throws {KeyError} when something in the arguments would not arrive as it is; `path` says where:
 * `args[0].conn`
 */
export function encodeArgs(args: readonly unknown[]): readonly unknown[] | Encoded {
  if (args.every(isCarriedAsItIs)) return [...args];
  try {
    const encoded = ifLarge(encodeUnlessRefused(args, sharedIfLarge));
    mayDie(encoded.bytes.byteLength);
    return encoded;
  } catch (error) {
    throw error instanceof Refusal ? refusedArgument(args, 'args', error, 'carried') : error;
  }
}

/** The arguments that {@link encodeArgs} was given; all that is inside is fresh. */
export function decodeArgs(args: readonly unknown[] | Encoded): readonly unknown[] {
  return isEncoded(args) ? (decode(args) as readonly unknown[]) : args;
}

function isCarriedAsItIs(value: unknown): boolean {
  return typeof value === 'string' ? value.length < LARGE : isPrimitive(value);
}

function isEncoded(args: readonly unknown[] | Encoded): args is Encoded {
  return !Array.isArray(args);
}
