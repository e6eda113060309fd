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
 * The hash only has to spread: whole keys are compared. It is multiplicative like Murmur's, seeded
 * at random by each process, and the seed comes in again at every word, because differences that
 * cancel each other whatever the seed are easy to construct otherwise.
 */

const LONGEST_LOOP = 20;

const encoder = new TextEncoder();

export class PackedKey {
  /** The key, the last word filled up with zeros. */
  words: Int32Array;
  /** 2 x bytes + (1 when the characters take two bytes). */
  length = 0;
  readonly #seed: number;
  #bytes: Buffer;

  constructor(seed: number) {
    this.#seed = seed;
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
    const end = ((length >> 1) + 3) >> 2;
    let hash = seed ^ Math.imul(fn + 1, 0x9e3779b1) ^ length;
    for (let i = 0; i < end; i++) {
      hash = Math.imul(hash ^ (words[i] as number), 0x85ebca6b);
      hash = ((hash ^ (hash >>> 15)) + seed) | 0;
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

// V8 knows the answer for most strings without reading them.
function isLatin1(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text);
}

/** The key whose words begin at this byte. */
export function textOfKey(bytes: Buffer, at: number, length: number): string {
  const end = at + (length >> 1);
  return length & 1 ? bytes.toString('utf16le', at, end) : bytes.toString('latin1', at, end);
}
