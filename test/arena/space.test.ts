/** The allocator fragments to death: less and less of `maxSize` holds entries that are alive. */

import { expect, test } from 'vitest';
import type { Handle } from '../../src/arena/entries.ts';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { variants } from '../effort.ts';
import { nextVersion, random } from './entries.ts';

const MIB = 2 ** 20;
const value = new Uint8Array(2 ** 16);

/** Lengths of values, from a random number from 0 to 1. */
const mixes = {
  anything: (at: number) => Math.floor(16 * 2 ** (12 * at)),
  tiny: () => 16,
  small: (at: number) => 16 + Math.floor(100 * at),
  middle: (at: number) => 500 + Math.floor(4000 * at),
  large: (at: number) => 32_768 + Math.floor(32_768 * at),
  same: () => 3000,
  // Just too large for one more in a segment.
  awkward: () => 52_000,
};
type Mix = keyof typeof mixes;

class Filler {
  readonly writer: ArenaWriter;
  readonly #maxSize: number;
  readonly #random = random(1);
  readonly #handles: Handle[] = [];
  #count = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.writer = new ArenaWriter({ maxSize, seed: 1 });
  }

  /** Adds, evicting at random, until `maxSize` has been written; the least part that was alive. */
  fill(mix: Mix): number {
    let least = 1;
    let evictions = 0;
    for (let written = 0; written < this.#maxSize; ) {
      const handle = this.#add(mixes[mix](this.#random()));
      if (handle === undefined) {
        this.#evict();
        if (evictions++ % 100 === 0) least = Math.min(least, this.#alive());
      } else {
        this.#handles.push(handle);
        written += this.writer.entries.bytesTaken(handle);
      }
      if (this.writer.usedBytes() > this.#maxSize) throw new Error('more bytes than allowed');
    }
    return least;
  }

  #add(length: number): Handle | undefined {
    const bytes = value.subarray(0, length);
    const key = `key ${this.#count++}`;
    for (;;) {
      const expiresAt = Number.POSITIVE_INFINITY;
      const version = nextVersion();
      const handle = this.writer.add({ fn: 0, key, codec: 0, bytes, expiresAt, cost: 1, version });
      if (handle !== undefined || this.writer.refusal !== 'behind') return handle;
    }
  }

  #evict(): void {
    const at = Math.floor(this.#random() * this.#handles.length);
    const last = this.#handles.pop() as Handle;
    const handle = at < this.#handles.length ? (this.#handles[at] as Handle) : last;
    if (handle !== last) this.#handles[at] = last;
    this.writer.remove(handle);
  }

  #alive(): number {
    const { keys, values, bookkeeping } = this.writer.usage();
    return (keys + values + bookkeeping) / this.#maxSize;
  }
}

const fillings: [number, Mix[]][] = [
  [1, ['small', 'same', 'tiny', 'same', 'small']],
  [16, ['anything', 'small', 'large', 'awkward', 'anything']],
  // Here the large ones have buffers of their own.
  [4, ['tiny', 'large', 'tiny', 'awkward', 'middle', 'anything']],
];
test.each(variants(fillings, 1))(
  'of %d MiB, 85 in 100 bytes are alive, through %j',
  (size, phases) => {
    const filler = new Filler(size * MIB);
    const least = phases.map((mix) => filler.fill(mix));
    // While it is filled for the first time, it is not full.
    expect(Math.min(...least.slice(1))).toBeGreaterThan(0.85);
  },
);
