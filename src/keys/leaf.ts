/**
 * The codes of objects that have no values inside: dates, patterns and bytes.
 *
 * Bytes stay in the key as they are, one character each, up to 64 of them; above that they are
 * hashed where they lie. A large Buffer is neither copied nor turned into a string.
 *
 * All is read as the language itself reads it: an object may have a `getTime` of its own, which no
 * copy of it has.
 */
import { types } from 'node:util';
import { RealDate } from '../runtime/globals.ts';
import { viewClassName } from '../values/builtins.ts';
import type { Kind } from '../values/kind.ts';
import { textOfFew } from '../values/text.ts';
import { digestBytes } from './digest.ts';

const mostInlineBytes = 64;
const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get;
const flagsOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get;

/** The primitive in a boxed one. */
export function unboxed(box: object): unknown {
  if (types.isNumberObject(box)) return Number.prototype.valueOf.call(box);
  if (types.isStringObject(box)) return String.prototype.valueOf.call(box);
  if (types.isBooleanObject(box)) return Boolean.prototype.valueOf.call(box);
  return BigInt.prototype.valueOf.call(box);
}

export function encodeLeaf(object: object, kind: Kind): string {
  switch (kind) {
    case 'date':
      return `d${RealDate.prototype.getTime.call(object)};`;
    case 'regexp':
      return encodeRegExp(object as RegExp);
    case 'arraybuffer':
      return `B${encodeBytes(new Uint8Array(object as ArrayBuffer))}`;
    case 'view':
      return encodeView(object as NodeJS.ArrayBufferView);
    default:
      throw new TypeError(`${kind} is not a leaf`);
  }
}

function encodeRegExp(pattern: RegExp): string {
  const { lastIndex } = pattern;
  const source: string = sourceOf?.call(pattern);
  const flags: string = flagsOf?.call(pattern);
  // Plus 0, because a lastIndex of -0 is equal to 0.
  return `r${lastIndex + 0};${flags};${source.length}:${source}`;
}

function encodeView(view: NodeJS.ArrayBufferView): string {
  return `v${viewClassName(Object.getPrototypeOf(view))};${encodeBytes(view)}`;
}

function encodeBytes(bytes: NodeJS.ArrayBufferView): string {
  const { byteLength } = bytes;
  if (byteLength > mostInlineBytes) return `${byteLength}:${digestBytes(bytes)}`;
  const each = new Uint8Array(bytes.buffer, bytes.byteOffset, byteLength);
  return `${byteLength}:${textOfFew(each)}`;
}
