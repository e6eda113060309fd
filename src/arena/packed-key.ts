/**
 * A key as it lies in the arena, and its hash.
 *
 * Looking a key up needs its characters twice: to hash them and to compare them. Getting one out of
 * a string costs more than anything done with it afterwards, so that happens once: the characters
 * go into words of the thread's own, one byte each when all are below U+0100, and both the hash and
 * the comparison read those, four characters at a time. From about 20 characters on, a call into
 * Node is faster than a loop; the one that encodes as UTF-8 is the quickest, and says by the number
 * of its bytes whether that was ASCII.
 *
 * The hash has to spread keys that an adversary chooses: whole keys are compared, but those of one hash
 * crowd a page of the index (`hash-index.ts`). So each word is mixed into all bits before the next one
 * comes in, by two multiplications with factors that each process draws at random. With one, a
 * difference in the highest bit stays there whatever the factor, and the next word can undo it. An
 * outcome of two depends on the second factor's lower half, which has to be guessed.
 */

const LONGEST_LOOP = 20;
/** Words from which it pays to mix two at a time. */
const LONG = 8;

const encoder = new TextEncoder();

export class PackedKey {
  /** The key, the last word filled up with zeros. */
  words: Int32Array;
  /** 2 x bytes + (1 when the characters take two bytes). */
  length = 0;
  readonly #seed: number;
  readonly #first: number;
  readonly #second: number;
  #bytes: Buffer;

  constructor(seed: number) {
    this.#seed = seed;
    this.#first = factorFrom(seed);
    this.#second = factorFrom(this.#first);
    this.words = new Int32Array(64);
    this.#bytes = Buffer.from(this.words.buffer);
  }

  /** Takes in a key and returns its hash. */
  pack(fn: number, key: string): number {
    const { length } = key;
    if (length > this.words.length * 2) this.#grow(length);
    if (length <= LONGEST_LOOP ? this.#packLoop(key) : this.#packLong(key)) {
      this.length = length * 2;
    } else {
      this.words[length >> 1] = 0;
      this.#bytes.write(key, 0, 'utf16le');
      this.length = length * 4 + 1;
    }
    return this.#hash(fn);
  }

  /** False when a character takes two bytes. */
  #packLoop(key: string): boolean {
    const bytes = this.#bytes;
    const { length } = key;
    this.words[length >> 2] = 0;
    let all = 0;
    for (let i = 0; i < length; i++) {
      const char = key.charCodeAt(i);
      bytes[i] = char;
      all |= char;
    }
    return all < 256;
  }

  /** The same for many characters. */
  #packLong(key: string): boolean {
    const { length } = key;
    this.words[length >> 2] = 0;
    const { read, written } = encoder.encodeInto(key, this.#bytes);
    if (read === length && written === length) return true;
    if (!isLatin1(key)) return false;
    this.words[length >> 2] = 0;
    this.#bytes.write(key, 0, 'latin1');
    return true;
  }

  #hash(fn: number): number {
    const { words, length } = this;
    const seed = this.#seed;
    const first = this.#first;
    const second = this.#second;
    const end = ((length >> 1) + 3) >> 2;
    let hash = seed ^ Math.imul(fn + 1, 0x9e3779b1) ^ length;
    let i = 0;
    if (end >= LONG) {
      // Two at a time: a processor multiplies for the one while it waits for the other.
      let other = first;
      for (; i + 1 < end; i += 2) {
        hash = Math.imul(hash ^ (words[i] as number), first);
        other = Math.imul(other ^ (words[i + 1] as number), first);
        hash = Math.imul(hash ^ (hash >>> 15), second);
        other = Math.imul(other ^ (other >>> 15), second);
        hash = ((hash ^ (hash >>> 14)) + seed) | 0;
        other = ((other ^ (other >>> 14)) + seed) | 0;
      }
      hash = Math.imul(hash, first) ^ other;
    }
    for (; i < end; i++) {
      hash = Math.imul(hash ^ (words[i] as number), first);
      hash = Math.imul(hash ^ (hash >>> 15), second);
      hash = ((hash ^ (hash >>> 14)) + seed) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
    return hash ^ (hash >>> 15);
  }

  /** True when the words from here are this key's. Its length is compared by the caller. */
  equals(memory: Int32Array, at: number): boolean {
    const { words } = this;
    const end = ((this.length >> 1) + 3) >> 2;
    for (let i = 0; i < end; i++) if (memory[at + i] !== words[i]) return false;
    return true;
  }

  /** Writes the key. */
  copyTo(memory: Int32Array, at: number): void {
    const { words } = this;
    const end = ((this.length >> 1) + 3) >> 2;
    for (let i = 0; i < end; i++) memory[at + i] = words[i] as number;
  }

  /** To hold so many characters, and one word more for the zeros. */
  #grow(characters: number): void {
    this.words = new Int32Array(2 ** Math.ceil(Math.log2(characters + 2)));
    this.#bytes = Buffer.from(this.words.buffer);
  }
}

/** Odd, and with about as many ones as zeros: a step of a generator that knows no weak seed. */
function factorFrom(seed: number): number {
  let factor = (seed + 0x6d2b79f5) | 0;
  factor = Math.imul(factor ^ (factor >>> 15), 0x2c1b3c6d);
  factor = Math.imul(factor ^ (factor >>> 12), 0x297a2d39);
  return (factor ^ (factor >>> 15)) | 1;
}

// V8 knows the answer for most strings without reading them.
function isLatin1(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text);
}

/** The key whose words begin at this byte. */
export function textOfKey(bytes: Buffer, at: number, length: number): string {
  const end = at + (length >> 1);
  return length & 1 ? bytes.toString('utf16le', at, end) : bytes.toString('latin1', at, end);
}
