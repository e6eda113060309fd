/**
 * SHA-256 of what is too long to stand in a key: two different texts or byte sequences with the same
 * digest are not going to be found, so a digest is as good as the text.
 */
import crypto from 'node:crypto';

/** Characters from which a text takes more memory than should be left to the garbage collector. */
const LARGE = 65_536;

/** 43 characters of base64url. The bytes are hashed where they are, without a copy. */
export function digestBytes(bytes: NodeJS.ArrayBufferView): string {
  // `crypto.hash` is twice as fast for short inputs; some Node 21 have none.
  return crypto.hash?.('sha256', bytes, 'base64url') ?? streamed(bytes);
}

function streamed(bytes: NodeJS.ArrayBufferView): string {
  return crypto.createHash('sha256').update(bytes).digest('base64url');
}

/**
 * 44 characters: `l` and the digest of the text as Latin-1 when that holds all of it, else `w` and
 * the digest of its UTF-16. UTF-8 would do for neither: it maps all lone surrogates to one character.
 */
export function digestText(text: string): string {
  return /[\u0100-\uffff]/.test(text)
    ? `w${digestEncoded(text, 'utf16le')}`
    : `l${digestEncoded(text, 'latin1')}`;
}

/** Of a large text there is no Buffer that the garbage collector would have to find. */
function digestEncoded(text: string, encoding: 'utf16le' | 'latin1'): string {
  return text.length < LARGE
    ? digestBytes(Buffer.from(text, encoding))
    : crypto.createHash('sha256').update(text, encoding).digest('base64url');
}
