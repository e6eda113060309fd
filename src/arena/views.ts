/** Views of the one buffer, and the ways to touch a word of it that the protocol knows. */

export class Views {
  readonly words: Int32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly bytes: Buffer<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer);
  }

  /** For the writer, of what only it writes. */
  get(word: number): number {
    return this.words[word] as number;
  }

  /** For the writer, of what no thread can reach yet. */
  set(word: number, value: number): void {
    this.words[word] = value;
  }

  /** Makes everything written so far visible to a thread that loads this value. */
  publish(word: number, value: number): void {
    Atomics.store(this.words, word, value);
  }

  /** Copies to where no thread can read yet. */
  copy(from: number, to: number, bytes: number): void {
    this.bytes.copyWithin(to, from, from + bytes);
  }
}
