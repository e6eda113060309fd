/**
 * Whether bytes are plain data, see `plain-format.ts`: exactly what `plain-reader.ts` takes, found out
 * without making anything of it, in steps.
 *
 * Everything that is announced must be there, so reading takes time and memory for what the bytes
 * hold, and not for what they claim.
 */
import { viewUnit } from './builtins.ts';
import { isDecimal } from './decimal.ts';
import { maxDepth } from './kind.ts';
import { BETWEEN_NAMES, LONGEST_TEXT, TAIL_BYTES, Tag } from './plain-format.ts';
import { latin1Text, utf16Text } from './text.ts';

const BETWEEN = BETWEEN_NAMES.charCodeAt(0);

/** A string: where its characters are, and how many bytes each has. */
interface Text {
  readonly start: number;
  readonly end: number;
  readonly width: 1 | 2;
}

export class PlainCheck {
  readonly #bytes: Uint8Array;
  readonly #width: 1 | 2 = 1;
  /** Where the tree ends and the texts start, and where these end. */
  readonly #end: number = 0;
  readonly #textEnd: number = 0;
  #at = 0;
  /** Where the next text starts. */
  #textAt = 0;
  /** Values that are still to come in the innermost array or object, and in those around it. */
  #left = 1;
  readonly #around: number[] = [];
  /** How many names each shape has. */
  readonly #shapes: number[] = [];
  #isSound: boolean;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#textEnd = bytes.length - TAIL_BYTES;
    this.#isSound = this.#textEnd >= 1;
    if (!this.#isSound) return;
    const width = bytes[this.#textEnd];
    this.#at = this.#textEnd + 1;
    const textBytes = this.#uint32();
    this.#width = width === 2 ? 2 : 1;
    this.#textAt = this.#textEnd - textBytes;
    this.#end = this.#textAt;
    this.#at = 0;
    this.#isSound = width === this.#width && this.#end >= 1 && (width === 1 || textBytes % 2 === 0);
  }

  /** Looks at so many values. @returns `undefined` if there are more */
  step(values: number): boolean | undefined {
    for (let steps = values; steps > 0; steps--) {
      if (!this.#isSound) return false;
      while (this.#left === 0) {
        const left = this.#around.pop();
        if (left === undefined) return this.#at === this.#end && this.#textAt === this.#textEnd;
        this.#left = left;
      }
      this.#left--;
      this.#isSound = this.#value();
    }
    return this.#isSound ? undefined : false;
  }

  #value(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#byte();
    if (tag >= Tag.smallInt) return true;
    if (tag >= Tag.shortText) return this.#skipText(tag - Tag.shortText);
    switch (tag) {
      case Tag.undefined:
      case Tag.null:
      case Tag.false:
      case Tag.true:
        return true;
      case Tag.int16:
        return this.#skip(2);
      case Tag.int32:
        return this.#skip(4);
      case Tag.float64:
      case Tag.date:
        return this.#skip(8);
      case Tag.array:
        return this.#enter(this.#length());
      case Tag.shapedAgain: {
        const names = this.#shapes[this.#byte()];
        return names !== undefined && this.#enter(names);
      }
      default:
        return this.#rareValue(tag);
    }
  }

  #rareValue(tag: number): boolean {
    switch (tag) {
      case Tag.text:
        return this.#skipText(this.#length());
      case Tag.latin1:
        return this.#skip(this.#length());
      case Tag.utf16: {
        const length = this.#length();
        return length % 2 === 0 && this.#skip(length);
      }
      case Tag.bigint: {
        const text = this.#text();
        return text !== undefined && isDecimal(this.#bytes, text.start, text.end, text.width);
      }
      case Tag.view:
        return this.#view();
      case Tag.object:
        return this.#table();
      case Tag.shaped:
        return this.#newShape();
      case Tag.numbers:
        return this.#skip(this.#length() * 8);
      default:
        return false;
    }
  }

  #view(): boolean {
    const name = this.#text();
    if (!name || name.end - name.start > LONGEST_TEXT) return false;
    const toText = name.width === 2 ? utf16Text : latin1Text;
    const unit = viewUnit(toText(this.#bytes, name.start, name.end));
    if (unit === undefined) return false;
    const length = this.#length();
    return length % unit === 0 && this.#skip(length);
  }

  #table(): boolean {
    const names = this.#length();
    // Each takes a byte, and so does its value.
    if (names * 2 > this.#end - this.#at) return false;
    for (let i = 0; i < names; i++) if (!this.#text()) return false;
    return this.#enter(names);
  }

  /** Readers keep the names of shapes, so they are bounded. */
  #newShape(): boolean {
    this.#at++;
    const text = this.#text();
    if (!text || text.end - text.start > LONGEST_TEXT * text.width) return false;
    let names = 1;
    for (let at = text.start; at < text.end; at += text.width) {
      const isNarrow = text.width === 1 || this.#bytes[at + 1] === 0;
      if (isNarrow && this.#bytes[at] === BETWEEN) names++;
    }
    this.#shapes.push(names);
    return this.#enter(names);
  }

  /** A value that must be a string. */
  #text(): Text | undefined {
    if (this.#at >= this.#end) return undefined;
    const [textStart, tag] = [this.#textAt, this.#bytes[this.#at] as number];
    const isText = tag >= Tag.shortText || (tag >= Tag.text && tag <= Tag.utf16);
    if (tag >= Tag.smallInt || !isText || !this.#value()) return undefined;
    const isAmongTexts = tag === Tag.text || tag >= Tag.shortText;
    if (isAmongTexts) return { start: textStart, end: this.#textAt, width: this.#width };
    return { start: this.#lastSkipped, end: this.#at, width: tag === Tag.utf16 ? 2 : 1 };
  }

  /** So many values, each of a byte at least. */
  #enter(values: number): boolean {
    if (values > this.#end - this.#at || this.#around.length > maxDepth) return false;
    this.#around.push(this.#left);
    this.#left = values;
    return true;
  }

  #skipText(length: number): boolean {
    this.#textAt += length * this.#width;
    return length <= LONGEST_TEXT && this.#textAt <= this.#textEnd;
  }

  #lastSkipped = 0;

  #skip(length: number): boolean {
    this.#lastSkipped = this.#at;
    this.#at += length;
    return this.#at <= this.#end;
  }

  #length(): number {
    const length = this.#byte();
    return length < 255 ? length : this.#uint32();
  }

  /** What is not there is 0; whether anything was there is seen by what follows. */
  #uint32(): number {
    const low = this.#byte() + this.#byte() * 2 ** 8;
    return low + this.#byte() * 2 ** 16 + this.#byte() * 2 ** 24;
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
}
