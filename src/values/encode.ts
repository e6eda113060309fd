/**
 * A value as bytes. Values are decoded more often than they are encoded, so the codec is chosen
 * here: what most functions return (a string, a number, bytes, plain objects and arrays) has a form of
 * its own that is read much faster than structured clone, and the rest is structured clone.
 */
import { types } from 'node:util';
import { ValueError } from '../errors.ts';
import { Codec, type Encoded } from '../protocol.ts';
import { viewClassName } from './builtins.ts';
import { cloneToBytes } from './clone.ts';
import { examine } from './examine.ts';
import { kindOf } from './kind.ts';
import { locate, shortened } from './locate.ts';
import type { MemoryFor } from './plain-writer.ts';
import { Refusal, reasonAgainst } from './refusal.ts';
import { isLatin1, latin1Bytes, utf16Bytes } from './text.ts';

/**
 * Encodes a value; the bytes share no memory with it, and own their ArrayBuffer, from its first byte
 * to its last, so that it can be transferred to another thread.
 *
 * Getters of the value run; what they throw is thrown.
 *
 * @param root what the path in an error starts with, such as `result`
 * @param memoryFor where plain data goes, when not into an ArrayBuffer
 * @throws {ValueError} when something in the value would not arrive as it is; `path` says where
 */
export function encode(value: unknown, root: string, memoryFor?: MemoryFor): Encoded {
  try {
    return encodeUnlessRefused(value, memoryFor);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { path, reason } = locate(value, root, error, 'carried');
    const message = `${shortened(path)} is ${reason.is}. Return ${reason.instead} instead.`;
    throw new ValueError(message, { path });
  }
}

/** @throws {Refusal} which knows the reason, but neither the place nor what the value was meant for */
export function encodeUnlessRefused(value: unknown, memoryFor?: MemoryFor): Encoded {
  switch (typeof value) {
    case 'undefined':
      return empty(Codec.undefined);
    case 'boolean':
      return empty(value ? Codec.true : Codec.false);
    case 'number':
      return { codec: Codec.number, bytes: numberBytes(value) };
    case 'bigint':
      return { codec: Codec.bigint, bytes: latin1Bytes(String(value)) };
    case 'string':
      return isLatin1(value)
        ? { codec: Codec.latin1, bytes: latin1Bytes(value) }
        : { codec: Codec.utf16, bytes: utf16Bytes(value) };
    case 'object':
      return value === null ? empty(Codec.null) : encodeObject(value, memoryFor);
    default:
      throw new Refusal(reasonAgainst(value));
  }
}

/** Not one array for all: a transfer of its buffer would take it from the others. */
function empty(codec: Codec): Encoded {
  return { codec, bytes: new Uint8Array(0) };
}

const float64 = new Uint8Array(8);
const float64View = new DataView(float64.buffer);

/** A copy of so few bytes costs much less than a view of an ArrayBuffer of their own. */
function numberBytes(value: number): Uint8Array {
  float64View.setFloat64(0, value, true);
  return new Uint8Array(float64);
}

/** The codec of a value that is nothing but bytes, in memory that is its thread's own. */
export function codecOfBytes(value: object): Codec | undefined {
  const codec = byteCodecOf(value);
  return codec !== undefined && kindOf(value) === 'view' ? codec : undefined;
}

/** By prototype. */
const byteCodecs = new Map<object | null, Codec>([
  [Buffer.prototype, Codec.buffer],
  [Uint8Array.prototype, Codec.uint8array],
]);

/** The codec of a Buffer or a Uint8Array, in whatever memory; of bytes of another realm, too. */
export function byteCodecOf(value: object): Codec | undefined {
  const prototype = Object.getPrototypeOf(value);
  const known = byteCodecs.get(prototype);
  if (known !== undefined || !types.isUint8Array(value)) return known;
  return viewClassName(prototype) === 'Uint8Array' ? Codec.uint8array : undefined;
}

function encodeObject(value: object, memoryFor: MemoryFor | undefined): Encoded {
  const codec = codecOfBytes(value);
  if (codec !== undefined) return { codec, bytes: new Uint8Array(value as Uint8Array) };
  const examined = examine(value, memoryFor);
  if (examined.form === 'plain') return { codec: Codec.plain, bytes: examined.bytes };
  const { losses } = examined;
  return losses === undefined
    ? { codec: Codec.clone, bytes: cloneToBytes(value) }
    : { codec: Codec.repaired, bytes: cloneToBytes([value, losses]) };
}
