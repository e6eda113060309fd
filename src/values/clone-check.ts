/**
 * Whether bytes are a structured clone as this process would write it, found out without making
 * anything of it, in steps. V8's own reader believes what it reads: a few hundred bytes that promise
 * long arrays end the process.
 *
 * The format is V8's (`ValueSerializer`), of one version only: the one that this Node writes. What
 * our own writer never writes is refused, and so is what V8 would refuse: a name that comes twice, an
 * invalid pattern, a view class that this Node does not have. So whatever passes can be read, which
 * is tested with random bytes on every Node that is supported.
 *
 * An array with holes is written by what is in it, so its length is the one thing that takes memory
 * without bytes; the lengths of all of them together are bounded.
 */
import { viewUnit } from './builtins.ts';
import { CloneBytes } from './clone-bytes.ts';
import { cloneVersion, errorOrder, isPattern, Mark } from './clone-marks.ts';
import { NamesOfObject } from './clone-names.ts';
import { maxDepth } from './kind.ts';

/** Of arrays with holes: elements that need no bytes, and how many more there may be for each byte. */
const HOLES = 131_072;
const HOLES_PER_BYTE = 16;
/** V8 makes a dictionary of what is longer, and no memory for its elements. */
const LONGEST_LIST = 2 ** 25;
/** `[value, losses]` and what is in the losses, around what is at most so deep. */
const MOST_AROUND = maxDepth + 10;
const MOST_MEMBERS = 2 ** 24;
const LONGEST_PATTERN = 2 ** 17;
const LONGEST_BIGINT = 2 ** 27;
/** An error's class, unless it is `Error`. */
const CLASSES = 'EFRSTU';

/** A value whose parts are being looked at. */
type Frame =
  | { readonly is: 'object'; readonly end: number; readonly length: number; names: NamesOfObject }
  /** Before its names and their values: so many elements are still to come. */
  | { readonly is: 'elements'; readonly length: number; left: number }
  | { readonly is: 'members'; readonly end: number; count: number }
  | { readonly is: 'error'; readonly id: number; readonly parts: string; had: number };

export class CloneCheck {
  readonly #bytes: CloneBytes;
  readonly #size: number;
  readonly #frames: Frame[] = [];
  #frame: Frame | undefined;
  /** Objects so far. */
  #objects = 0;
  #holes = 0;
  #isSound: boolean;
  #isDone = false;

  /** @param isRepaired it must be `[value, losses]` */
  constructor(bytes: Uint8Array, isRepaired: boolean) {
    this.#bytes = new CloneBytes(bytes);
    this.#size = bytes.length;
    const isOfThisVersion =
      this.#bytes.byte() === Mark.version && this.#bytes.byte() === cloneVersion();
    const isPair = bytes[2] === Mark.denseArray && bytes[3] === 2;
    this.#isSound = isOfThisVersion && (isPair || !isRepaired);
  }

  /** Looks at so many values, about. @returns `undefined` if there are more */
  step(values: number): boolean | undefined {
    for (let steps = values; steps > 0; steps -= 4) {
      if (!this.#isSound) return false;
      if (this.#isDone) return this.#bytes.isAtEnd;
      this.#isSound = this.#next();
    }
    return this.#isSound ? undefined : false;
  }

  #next(): boolean {
    const frame = this.#frame;
    const isGood = frame ? this.#part(frame) : this.#value(this.#bytes.mark());
    if (!this.#frame) this.#isDone = true;
    return isGood;
  }

  #part(frame: Frame): boolean {
    if (frame.is === 'error') return this.#errorPart(frame);
    const mark = this.#bytes.mark();
    switch (frame.is) {
      case 'elements': {
        if (frame.left > 0) {
          frame.left--;
          return mark === Mark.hole || this.#value(mark);
        }
        const { length } = frame;
        this.#frame = { is: 'object', end: Mark.denseArrayEnd, length, names: new NamesOfObject() };
        return this.#property(this.#frame, mark);
      }
      case 'object':
        return this.#property(frame, mark);
      case 'members': {
        if (mark === frame.end) return this.#isCounted(frame);
        frame.count++;
        return frame.count <= MOST_MEMBERS && this.#value(mark);
      }
    }
  }

  #isCounted({ end, count }: Frame & { is: 'members' }): boolean {
    this.#leave();
    return this.#bytes.uint32() === count && (end === Mark.setEnd || count % 2 === 0);
  }

  #property(frame: Frame & { is: 'object' }, mark: number): boolean {
    const { end, length, names } = frame;
    if (mark === end) {
      const isCounted = this.#bytes.uint32() === names.size;
      this.#leave();
      return isCounted && (end === Mark.objectEnd || this.#bytes.uint32() === length);
    }
    const name = this.#bytes.name(mark);
    if (name === undefined || !names.add(name)) return false;
    return this.#isFree(frame, name) && this.#value(this.#bytes.mark());
  }

  /** Elements of a dense array have been there; nothing else of an array has the name of one. */
  #isFree({ end, length }: Frame & { is: 'object' }, name: string): boolean {
    if (end === Mark.objectEnd) return true;
    if (name === 'length') return false;
    const index = Number(name);
    const isIndex = String(index >>> 0) === name && index < 2 ** 32 - 1;
    return !isIndex || (end === Mark.sparseArrayEnd && index < length);
  }

  #value(mark: number): boolean {
    const bytes = this.#bytes;
    switch (mark) {
      case Mark.undefined:
      case Mark.null:
      case Mark.true:
      case Mark.false:
        return true;
      case Mark.int32:
      case Mark.uint32:
        return bytes.uint32() >= 0;
      case Mark.double:
        return bytes.skip(8);
      case Mark.bigint:
        return this.#bigint();
      case Mark.latin1:
      case Mark.utf16:
        return bytes.passText(mark) !== undefined;
      case Mark.reference:
        return this.#reference(bytes.uint32());
      default:
        return this.#object(mark);
    }
  }

  #object(mark: number): boolean {
    const bytes = this.#bytes;
    const id = this.#objects++;
    switch (mark) {
      case Mark.object:
        return this.#enter({
          is: 'object',
          end: Mark.objectEnd,
          length: 0,
          names: new NamesOfObject(),
        });
      case Mark.denseArray: {
        const length = bytes.uint32();
        if (length > bytes.left) return false;
        return this.#enter({ is: 'elements', length, left: length });
      }
      case Mark.sparseArray:
        return this.#sparseArray(bytes.uint32());
      case Mark.map:
        return this.#enter({ is: 'members', end: Mark.mapEnd, count: 0 });
      case Mark.set:
        return this.#enter({ is: 'members', end: Mark.setEnd, count: 0 });
      case Mark.error:
        return this.#enter({ is: 'error', id, parts: `${CLASSES}m${errorOrder()}`, had: -1 });
      case Mark.trueObject:
      case Mark.falseObject:
        return true;
      case Mark.date:
      case Mark.numberObject:
        return bytes.skip(8);
      case Mark.bigintObject:
        return this.#bigint();
      case Mark.stringObject:
        return bytes.passText(bytes.mark()) !== undefined;
      case Mark.regexp: {
        const pattern = bytes.text(bytes.mark(), LONGEST_PATTERN);
        return pattern !== undefined && isPattern(pattern, bytes.uint32());
      }
      case Mark.arrayBuffer:
        return bytes.skip(bytes.uint32());
      case Mark.hostObject:
        return this.#view();
      default:
        return false;
    }
  }

  #sparseArray(length: number): boolean {
    if (!(length > LONGEST_LIST)) this.#holes += length;
    if (!(this.#holes <= HOLES + HOLES_PER_BYTE * this.#size)) return false;
    return this.#enter({
      is: 'object',
      end: Mark.sparseArrayEnd,
      length,
      names: new NamesOfObject(),
    });
  }

  /** As `clone.ts` writes it. */
  #view(): boolean {
    const bytes = this.#bytes;
    const unit = viewUnit(bytes.latin1(bytes.uint32()) ?? '');
    const length = bytes.uint64();
    return unit !== undefined && length % unit === 0 && bytes.skip(length);
  }

  #bigint(): boolean {
    const bits = this.#bytes.uint32();
    const [sign, length] = [bits % 2, Math.floor(bits / 2)];
    if (length === 0) return sign === 0;
    return length <= LONGEST_BIGINT && this.#bytes.skip(length);
  }

  /** To what has begun before; an error may not be there yet for what is in it. */
  #reference(id: number): boolean {
    const isOpen = (frame: Frame | undefined) =>
      frame?.is === 'error' && frame.id === id && frame.parts.endsWith('cs');
    return id < this.#objects && !isOpen(this.#frame) && !this.#frames.some(isOpen);
  }

  /** A class, a message, then stack and cause in the order of this V8. */
  #errorPart(frame: Frame & { is: 'error' }): boolean {
    const part = String.fromCharCode(this.#bytes.byte());
    if (part === '.') {
      this.#leave();
      return true;
    }
    const place = frame.parts.indexOf(part);
    if (place <= frame.had) return false;
    // Of the classes only one.
    frame.had = Math.max(place, CLASSES.length - 1);
    if (place < CLASSES.length) return true;
    return part === 'c'
      ? this.#value(this.#bytes.mark())
      : this.#bytes.passText(this.#bytes.mark()) !== undefined;
  }

  #enter(frame: Frame): boolean {
    if (this.#frames.length > MOST_AROUND) return false;
    if (this.#frame) this.#frames.push(this.#frame);
    this.#frame = frame;
    return true;
  }

  #leave(): void {
    this.#frame = this.#frames.pop();
  }
}
