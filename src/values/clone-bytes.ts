/** The bytes of a structured clone, read forward; what is not there is `NaN`, or `undefined`. */
import { constants } from 'node:buffer';
import { Mark } from './clone-marks.ts';
import { KnownNames } from './clone-names.ts';
import { float64At } from './float64.ts';
import { latin1Text, utf16Text } from './text.ts';

const names = new KnownNames();

export class CloneBytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#at < this.#bytes.length ? (this.#bytes[this.#at++] as number) : Number.NaN;
  }

  /** What begins here; before wide characters there may be one byte of padding. */
  mark(): number {
    const mark = this.byte();
    if (mark !== Mark.padding) return mark;
    const padded = this.byte();
    return padded === Mark.utf16 ? padded : Number.NaN;
  }

  uint32(): number {
    const number = this.#varint(5);
    return number < 2 ** 32 ? number : Number.NaN;
  }

  uint64(): number {
    return this.#varint(8);
  }

  /** @returns whether so many bytes are there */
  skip(length: number): boolean {
    if (!(length <= this.left)) return false;
    this.#at += length;
    return true;
  }

  latin1(length: number): string | undefined {
    const start = this.#at;
    return this.skip(length) ? latin1Text(this.#bytes, start, this.#at) : undefined;
  }

  /** Passes a string whose mark was read. @returns where it starts, unless it is none */
  passText(mark: number): number | undefined {
    const unit = mark === Mark.utf16 ? 2 : 1;
    if (unit === 1 && mark !== Mark.latin1) return undefined;
    const length = this.uint32();
    const start = this.#at;
    const isText = length % unit === 0 && length / unit <= constants.MAX_STRING_LENGTH;
    return isText && this.skip(length) ? start : undefined;
  }

  /** The string, if it has no more bytes. */
  text(mark: number, mostBytes: number): string | undefined {
    const start = this.passText(mark);
    if (start === undefined || this.#at - start > mostBytes) return undefined;
    return (mark === Mark.utf16 ? utf16Text : latin1Text)(this.#bytes, start, this.#at);
  }

  /** Of a property, as it would be called by a program. */
  name(mark: number): string | undefined {
    switch (mark) {
      case Mark.latin1: {
        const start = this.passText(mark);
        return start === undefined ? undefined : names.at(this.#bytes, start, this.#at);
      }
      case Mark.utf16:
        return this.text(mark, this.#bytes.length);
      case Mark.int32: {
        const number = this.uint32();
        return Number.isNaN(number) ? undefined : String((number >>> 1) ^ -(number & 1));
      }
      case Mark.uint32: {
        const number = this.uint32();
        return Number.isNaN(number) ? undefined : String(number);
      }
      case Mark.double: {
        const start = this.#at;
        return this.skip(8) ? String(float64At(this.#bytes, start)) : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Seven bits a byte, the lowest first; each but the last has the eighth set. */
  #varint(mostBytes: number): number {
    const bytes = this.#bytes;
    const most = Math.min(bytes.length - this.#at, mostBytes);
    let number = 0;
    let factor = 1;
    for (let i = 0; i < most; i++) {
      const byte = bytes[this.#at++] as number;
      if (byte < 0x80) return number + byte * factor;
      number += (byte & 0x7f) * factor;
      factor *= 128;
    }
    return Number.NaN;
  }
}
