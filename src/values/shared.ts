/**
 * `values: 'shared'`: bytes that are copied once, by the thread that has computed them; every caller
 * in every thread has a view of that same memory.
 */

import { types } from 'node:util';
import { ValueError } from '../errors.ts';
import { Codec, type Encoded, type Portable } from '../protocol.ts';
import { byteCodecOf } from './encode.ts';
import { isFixed, isUnadornedView } from './kind.ts';
import { toPortable } from './portable.ts';
import { isPrimitive } from './primitive.ts';
import { classNameOf, type Reason, reasonAgainst } from './refusal.ts';
import { sharedCopy } from './shared-memory.ts';

/** @param root see `encode()` @throws {ValueError} when it is neither bytes nor a primitive */
export function toShared(value: unknown, root: string): Portable {
  if (isPrimitive(value)) return toPortable(value, root);
  const codec = isOfBytes(value) && canBeCopied(value) ? codecOf(value) : undefined;
  if (codec !== undefined) return { codec, bytes: sharedCopy(value as Uint8Array) };
  const isOdd = isOfBytes(value) || types.isProxy(value);
  const { is, instead } = isOdd ? reasonAgainst(value) : notBytes(value);
  throw new ValueError(`${root} is ${is}. Return ${instead} instead.`, { path: root });
}

/** Whether a view can be had of it: not of what was stored while the function had other `values`. */
export function isViewable({ codec }: Encoded): boolean {
  return codec === Codec.buffer || codec === Codec.uint8array;
}

/** A view of the same memory, of the class that the codec says. */
export function viewOf({ codec, bytes }: Encoded): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (codec === Codec.buffer) return Buffer.from(buffer, byteOffset, byteLength);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isOfBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value) && codecOf(value) !== undefined;
}

function codecOf(value: object): Codec | undefined {
  return byteCodecOf(value);
}

/** What another function has shared can be, too. */
function canBeCopied(value: Uint8Array): boolean {
  return (
    (types.isSharedArrayBuffer(value.buffer) || isFixed(value.buffer)) && isUnadornedView(value)
  );
}

function notBytes(value: unknown): Reason {
  const what = typeof value === 'object' ? `an instance of ${classNameOf(value as object)}` : '';
  return {
    is: `${what || `a ${typeof value}`}, and values: 'shared' is for bytes`,
    instead: "a Buffer, a Uint8Array or a primitive, or choose values: 'copy',",
  };
}
