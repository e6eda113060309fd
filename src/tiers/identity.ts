/**
 * A function id and a key as bytes that no other two have: what a record carries whole, so that it
 * can be told from another one whose hash is the same.
 */

import { createHash } from 'node:crypto';
import { isLatin1, latin1Bytes, utf16Bytes } from '../values/text.ts';

const LATIN1 = 0;
const UTF16 = 1;
const HEAD_BYTES = 5;

export function identityOf(...texts: readonly string[]): Buffer {
  return Buffer.concat(texts.flatMap(tagged));
}

export function hashOf(identity: Buffer): Buffer {
  return createHash('sha256').update(identity).digest();
}

/** SHA-256 in 43 characters, which every store takes in a name. */
export function nameOf(identity: Buffer): string {
  return hashOf(identity).toString('base64url');
}

/** Its length first, so that two texts behind each other are no other two. */
function tagged(text: string): [Buffer, Uint8Array] {
  const isNarrow = isLatin1(text);
  const bytes = isNarrow ? latin1Bytes(text) : utf16Bytes(text);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = isNarrow ? LATIN1 : UTF16;
  head.writeUInt32LE(bytes.length, 1);
  return [head, bytes];
}
