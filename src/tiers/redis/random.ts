/** Random bytes in small pieces: the system is asked for many at once. */

import { randomFillSync } from 'node:crypto';

const AT_ONCE = 4096;

export class RandomBytes {
  #bytes = Buffer.alloc(0);
  #used = 0;

  /** No other piece has these bytes, and nothing writes to them. */
  take(count: number): Buffer {
    if (this.#used + count > this.#bytes.length) {
      this.#bytes = randomFillSync(Buffer.alloc(AT_ONCE));
      this.#used = 0;
    }
    this.#used += count;
    return this.#bytes.subarray(this.#used - count, this.#used);
  }
}
