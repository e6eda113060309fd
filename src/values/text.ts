/**
 * Strings as bytes: one byte a character when all are below U+0100, else two, little-endian.
 *
 * Neither loses lone surrogates, as UTF-8 would. Short strings are copied in a loop, because a call
 * into Node's native code costs more than that.
 */

// Where the loop and the call take equally long.
const shortest = 16;
const unitsOf = Array.from({ length: shortest + 1 }, (_, length) =>
  new Array<number>(length).fill(0),
);

type Slice = (this: Uint8Array, start: number, end: number) => string;
/** What `buffer.toString()` is made of. These take any Uint8Array, and need no Buffer around it. */
const slices = Buffer.prototype as unknown as {
  readonly latin1Slice: Slice;
  readonly ucs2Slice: Slice;
};

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

/** The characters between two places in memory. */
export function latin1Text(memory: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > shortest) return slices.latin1Slice.call(memory, start, end);
  const units = unitsOf[length] as number[];
  for (let i = 0; i < length; i++) units[i] = memory[start + i] as number;
  return Reflect.apply(String.fromCharCode, undefined, units);
}

/** The bytes own their ArrayBuffer. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  Buffer.from(bytes.buffer).write(text, 'utf16le');
  return bytes;
}

/** Writes a text over all of these bytes, which are one or two times as many as its characters. */
export function putText(text: string, bytes: Uint8Array): void {
  const encoding = bytes.byteLength > text.length ? 'utf16le' : 'latin1';
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).write(text, encoding);
}

/** The characters between two places in memory, two bytes each. */
export function utf16Text(memory: Uint8Array, start: number, end: number): string {
  return slices.ucs2Slice.call(memory, start, end);
}
