/**
 * Strings as bytes: one byte a character when all are below U+0100, else two, little-endian.
 *
 * Neither loses lone surrogates, as UTF-8 would. Short strings are copied in a loop, because a call
 * into Node's native code costs more than that.
 */

// Where the loop and the call take equally long.
const shortest = 24;

/** True when one byte a character is enough. V8 knows that of most strings without reading them. */
export function isLatin1(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text);
}

/** The bytes own their ArrayBuffer. The text must be {@link isLatin1}. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  if (text.length <= shortest) {
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  } else {
    Buffer.from(bytes.buffer).write(text, 'latin1');
  }
  return bytes;
}

/** For up to some hundred bytes. Spreading them as arguments takes five times as long. */
export function textOfFew(bytes: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, undefined, bytes);
}

export function latin1Text(bytes: Uint8Array): string {
  if (bytes.length <= shortest) return textOfFew(bytes);
  return bufferOver(bytes).toString('latin1');
}

/** The bytes own their ArrayBuffer. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  Buffer.from(bytes.buffer).write(text, 'utf16le');
  return bytes;
}

export function utf16Text(bytes: Uint8Array): string {
  return bufferOver(bytes).toString('utf16le');
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
