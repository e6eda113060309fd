/** Writes plain data, part by part, in the order in which a walk meets them: see `plain-format.ts`. */

import { RealDate } from '../runtime/globals.ts';
import { viewClassName } from './builtins.ts';
import { FEW_NUMBERS, LONGEST_TEXT, MOST_SHAPES, TAIL_BYTES, Tag } from './plain-format.ts';
import { areSame, shapeToWrite, type WrittenShape } from './shapes.ts';
import { isLatin1 } from './text.ts';

type Names = readonly string[];

/** New memory, all of a buffer; `undefined` where an ArrayBuffer will do. */
export type MemoryFor = (length: number) => Uint8Array | undefined;

/** Something long, which is copied once, when all is put together. */
interface Part {
  /** Where it stands in the tree. */
  readonly at: number;
  readonly content: string | Uint8Array;
  readonly byteLength: number;
}

/** More is left to structured clone: there is a limit to what one string or Buffer can hold. */
const mostBytes = 2 ** 28;

// Memory to write into, kept from one value to the next. A writer takes it away while it uses it: a
// getter of the value may encode something else.
const scratchBytes = 4096;
const mostScratchBytes = 2 ** 23;
let spare: Buffer | undefined;

export class PlainWriter {
  readonly #limit: number;
  #isTooMuch = false;
  #scratch = takeScratch();
  /** Where the tree ends so far, parts left out. */
  #at = 0;
  readonly #parts: Part[] = [];
  #partBytes = 0;
  readonly #texts: string[] = [];
  #textLength = 0;
  readonly #shapes: WrittenShape[] = [];

  constructor(limit = mostBytes) {
    this.#limit = limit;
  }

  /**
   * All that was written, in memory of its own; undefined when it is too much. The last call.
   * @param memoryFor where to put it, when not into an ArrayBuffer
   */
  finish(memoryFor?: MemoryFor): Uint8Array | undefined {
    const most = this.#at + this.#partBytes + 2 * this.#textLength;
    if (most <= this.#limit) this.#tail(this.#texts.join(''));
    const tooMuch = this.#isTooMuch || most > this.#limit;
    const bytes = tooMuch ? undefined : this.#putTogether(memoryFor);
    this.abandon();
    return bytes;
  }

  /** Instead of `finish`: what was written will not be needed. */
  abandon(): void {
    if (this.#scratch.length <= mostScratchBytes) spare = this.#scratch;
  }

  primitive(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? Tag.true : Tag.false);
      case 'bigint':
        this.#byte(Tag.bigint);
        return this.#string(String(value));
      default:
        return this.#byte(value === null ? Tag.null : Tag.undefined);
    }
  }

  date(date: Date): void {
    this.#byte(Tag.date);
    this.#float64(RealDate.prototype.getTime.call(date));
  }

  view(view: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = view;
    this.#byte(Tag.view);
    this.#string(viewClassName(Object.getPrototypeOf(view)) ?? 'Uint8Array');
    this.#part(new Uint8Array(buffer, byteOffset, byteLength), byteLength);
  }

  /** Its items come next. */
  array(length: number): void {
    this.#byte(Tag.array);
    this.#length(length);
  }

  /** The whole of an array, when that is worth it: it has numbers only, and not just small ones. */
  numbers(array: readonly unknown[]): boolean {
    if (array.length < FEW_NUMBERS || !array.slice(0, FEW_NUMBERS).some(isFraction)) return false;
    const start = this.#at;
    this.#byte(Tag.numbers);
    this.#length(array.length);
    for (let i = 0; i < array.length; i++) {
      const item = array[i];
      if (typeof item !== 'number') {
        this.#at = start;
        return false;
      }
      this.#float64(item);
    }
    return true;
  }

  /** The values of these properties come next. */
  object(names: Names): void {
    const known = this.#numberOf(names);
    if (known !== -1) {
      this.#byte(Tag.shapedAgain);
      return this.#byte(known);
    }
    const shape = this.#shapes.length < MOST_SHAPES ? shapeToWrite(names) : undefined;
    if (shape === undefined) return this.#table(names);
    this.#shapes.push(shape);
    this.#byte(Tag.shaped);
    this.#byte(shape.slot);
    this.#string(shape.text);
  }

  /** The number of their shape, which is often the last one; -1 when it is new. */
  #numberOf(names: Names): number {
    for (let i = this.#shapes.length - 1; i >= 0; i--) {
      if (areSame((this.#shapes[i] as WrittenShape).names, names)) return i;
    }
    return -1;
  }

  #table(names: Names): void {
    this.#byte(Tag.object);
    this.#length(names.length);
    for (const name of names) this.#string(name);
  }

  #string(text: string): void {
    if (text.length > LONGEST_TEXT) return this.#longString(text);
    if (text.length < Tag.smallInt - Tag.shortText) {
      this.#byte(Tag.shortText + text.length);
    } else {
      this.#byte(Tag.text);
      this.#length(text.length);
    }
    this.#texts.push(text);
    this.#textLength += text.length;
  }

  #longString(text: string): void {
    const isNarrow = isLatin1(text);
    this.#byte(isNarrow ? Tag.latin1 : Tag.utf16);
    this.#part(text, isNarrow ? text.length : text.length * 2);
  }

  #part(content: string | Uint8Array, byteLength: number): void {
    this.#length(byteLength);
    this.#parts.push({ at: this.#at, content, byteLength });
    this.#partBytes += byteLength;
  }

  #number(value: number): void {
    if (isFraction(value)) {
      this.#byte(Tag.float64);
      this.#float64(value);
    } else if (value >= 0 && value < 256 - Tag.smallInt) {
      this.#byte(Tag.smallInt + value);
    } else {
      const isShort = (value << 16) >> 16 === value;
      this.#byte(isShort ? Tag.int16 : Tag.int32);
      this.#reserve(4);
      this.#scratch.writeInt32LE(value, this.#at);
      this.#at += isShort ? 2 : 4;
    }
  }

  #float64(value: number): void {
    this.#reserve(8);
    this.#at = this.#scratch.writeDoubleLE(value, this.#at);
  }

  #length(length: number): void {
    if (length < 255) return this.#byte(length);
    this.#byte(255);
    this.#reserve(4);
    this.#at = this.#scratch.writeUInt32LE(length % 2 ** 32, this.#at);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#scratch[this.#at++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#scratch.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    if (this.#scratch.length >= this.#limit) {
      // From here on what is written is thrown away.
      this.#isTooMuch = true;
      this.#at = 0;
      return;
    }
    const length = Math.max(this.#scratch.length * 2, this.#at + bytes);
    const larger = Buffer.allocUnsafeSlow(length);
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
  }

  #tail(texts: string): void {
    const width = isLatin1(texts) ? 1 : 2;
    const byteLength = texts.length * width;
    this.#reserve(byteLength + TAIL_BYTES);
    put(this.#scratch, texts, this.#at, byteLength);
    this.#at += byteLength;
    this.#byte(width);
    this.#at = this.#scratch.writeUInt32LE(byteLength, this.#at);
  }

  #putTogether(memoryFor: MemoryFor | undefined): Uint8Array {
    const length = this.#at + this.#partBytes;
    const memory = memoryFor?.(length);
    if (!memory && this.#parts.length === 0) {
      return new Uint8Array(this.#scratch.subarray(0, this.#at));
    }
    // Not filled with zeros before it is written; and its memory is all its own.
    const buffer = memory ? Buffer.from(memory.buffer) : Buffer.allocUnsafeSlow(length);
    let from = 0;
    let to = 0;
    for (const { at, content, byteLength } of this.#parts) {
      this.#scratch.copy(buffer, to, from, at);
      to += at - from;
      put(buffer, content, to, byteLength);
      to += byteLength;
      from = at;
    }
    this.#scratch.copy(buffer, to, from, this.#at);
    return memory ?? new Uint8Array(buffer.buffer);
  }
}

function takeScratch(): Buffer {
  const scratch = spare ?? Buffer.allocUnsafeSlow(scratchBytes);
  spare = undefined;
  return scratch;
}

function put(buffer: Buffer, content: string | Uint8Array, at: number, byteLength: number): void {
  if (typeof content !== 'string') buffer.set(content, at);
  else buffer.write(content, at, byteLength > content.length ? 'utf16le' : 'latin1');
}

/** Also what is no int32: -0, NaN, large whole numbers. */
function isFraction(value: unknown): boolean {
  return typeof value === 'number' && ((value | 0) !== value || Object.is(value, -0));
}
