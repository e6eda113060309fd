/** Plain data from its bytes; see `plain-format.ts`. Other bytes make it throw, not hang. */

import { RealDate } from '../runtime/globals.ts';
import { makeView } from './builtins.ts';
import { float64At } from './float64.ts';
import { TAIL_BYTES, Tag } from './plain-format.ts';
import { isInherited, type ReadShape, shapeToRead } from './shapes.ts';
import { latin1Text, utf16Text } from './text.ts';

/**
 * The value between two places in memory, which may be shared; it shares nothing with it.
 *
 * @throws {TypeError} when there are other bytes.
 */
export function plainFromBytes(memory: Uint8Array, start: number, end: number): unknown {
  return new PlainReader(memory, start, end).readAll();
}

/** Texts are turned into strings so many bytes at a time: a string keeps what it is cut from alive. */
const windowBytes = 1024;
/** Damaged bytes may promise many more items than there are, in many arrays. */
const mostItemsReserved = 4096;

class PlainReader {
  readonly #memory: Uint8Array;
  readonly #isWide: boolean;
  /** Where the tree ends, and where the texts do. */
  readonly #end: number;
  readonly #textEnd: number;
  #at: number;
  /** Where the next text starts. */
  #textAt: number;
  /** Texts, as a string, and where in it the next one starts. */
  #window = '';
  #windowAt = 0;
  readonly #shapes: ReadShape[] = [];

  constructor(memory: Uint8Array, start: number, end: number) {
    this.#memory = memory;
    this.#textEnd = end - TAIL_BYTES;
    this.#at = this.#textEnd;
    this.#isWide = this.#byte() === 2;
    this.#textAt = this.#textEnd - this.#uint32();
    this.#end = this.#textAt;
    this.#at = start;
  }

  readAll(): unknown {
    const value = this.#read();
    if (this.#at !== this.#end) throw damaged();
    return value;
  }

  #read(): unknown {
    const tag = this.#byte();
    if (tag >= Tag.smallInt) return tag - Tag.smallInt;
    if (tag >= Tag.shortText) return this.#text(tag - Tag.shortText);
    switch (tag) {
      case Tag.undefined:
        return undefined;
      case Tag.null:
        return null;
      case Tag.false:
        return false;
      case Tag.true:
        return true;
      case Tag.int16:
        return this.#int16();
      case Tag.int32:
        return this.#uint32() | 0;
      case Tag.float64:
        return this.#float64();
      case Tag.array:
        return this.#array();
      case Tag.shaped:
        return this.#newShape();
      case Tag.shapedAgain:
        return this.#shaped(this.#shapes[this.#byte()]);
      default:
        return this.#readRare(tag);
    }
  }

  #readRare(tag: number): unknown {
    switch (tag) {
      case Tag.text:
        return this.#text(this.#length());
      case Tag.latin1:
        return latin1Text(this.#memory, this.#take(this.#length()), this.#at);
      case Tag.utf16:
        return utf16Text(this.#memory, this.#take(this.#length()), this.#at);
      case Tag.bigint:
        return BigInt(this.#string());
      case Tag.date:
        return new RealDate(this.#float64());
      case Tag.view:
        return this.#bytes(this.#string());
      case Tag.object:
        return this.#object();
      case Tag.numbers:
        return this.#numbers();
      default:
        throw damaged();
    }
  }

  #string(): string {
    const value = this.#read();
    if (typeof value !== 'string') throw damaged();
    return value;
  }

  #array(): unknown[] {
    const count = this.#count();
    const items = new Array<unknown>(Math.min(count, mostItemsReserved));
    for (let i = 0; i < count; i++) items[i] = this.#read();
    return items;
  }

  #numbers(): number[] {
    const count = this.#count();
    const { buffer, byteOffset } = this.#memory;
    const view = new DataView(buffer, byteOffset + this.#take(count * 8), count * 8);
    const items = new Array<number>(count);
    for (let i = 0; i < count; i++) items[i] = view.getFloat64(i * 8, true);
    return items;
  }

  #newShape(): object {
    const slot = this.#byte();
    const shape = shapeToRead(this.#string(), slot);
    this.#shapes.push(shape);
    return this.#shaped(shape);
  }

  #shaped(shape: ReadShape | undefined): object {
    if (shape === undefined) throw damaged();
    const object: Record<string, unknown> = {};
    const { names } = shape;
    if (shape.isOrdinary) for (const name of names) object[name] = this.#read();
    else for (const name of names) define(object, name, this.#read());
    return object;
  }

  #object(): object {
    const names = new Array<string>(this.#count());
    for (let i = 0; i < names.length; i++) names[i] = this.#string();
    const object: Record<string, unknown> = {};
    for (const name of names) {
      if (isInherited(name)) define(object, name, this.#read());
      else object[name] = this.#read();
    }
    return object;
  }

  #bytes(className: string): ArrayBufferView {
    const start = this.#take(this.#length());
    return makeView(className, new Uint8Array(this.#memory.subarray(start, this.#at)).buffer);
  }

  #text(length: number): string {
    if (this.#windowAt + length > this.#window.length) this.#openWindow();
    const start = this.#windowAt;
    this.#windowAt = start + length;
    if (this.#windowAt > this.#window.length) throw damaged();
    this.#textAt += this.#isWide ? length * 2 : length;
    return this.#window.slice(start, this.#windowAt);
  }

  #openWindow(): void {
    const end = Math.min(this.#textAt + windowBytes, this.#textEnd);
    const toText = this.#isWide ? utf16Text : latin1Text;
    this.#window = toText(this.#memory, this.#textAt, end);
    this.#windowAt = 0;
  }

  /** A length of something that takes at least a byte each. */
  #count(): number {
    const count = this.#length();
    if (count > this.#end - this.#at) throw damaged();
    return count;
  }

  /** Where so many bytes start; they end where the next part of the tree starts. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw damaged();
    this.#at = start + length;
    return start;
  }

  #length(): number {
    const length = this.#byte();
    return length < 255 ? length : this.#uint32();
  }

  #float64(): number {
    return float64At(this.#memory, this.#take(8));
  }

  #uint32(): number {
    return (this.#int16() & 0xffff) + (this.#int16() & 0xffff) * 2 ** 16;
  }

  #int16(): number {
    return ((this.#byte() | (this.#byte() << 8)) << 16) >> 16;
  }

  #byte(): number {
    return this.#memory[this.#at++] as number;
  }
}

/** Where assigning would do something else, or nothing. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function damaged(): TypeError {
  return new TypeError('The bytes of a value are damaged, or of another version');
}
