/**
 * What evicted entries leave behind: how often they were used, and when they were queued last.
 *
 * One cell of 4 bytes for each handle there may be, by the hash of the key; a newer ghost takes the
 * place of an older one. 16 bits of the hash tell keys apart, so that one in 65,536 finds a ghost that
 * is not its own, and is overvalued for a while.
 */

import { UNITS } from './window.ts';

export interface Ghost {
  readonly uses: number;
  /** Since its stamp, within a sixteenth of the cache; ages above sixteen caches come out too small. */
  readonly age: number;
}

/** Stamps have 8 bits, and lose these. */
const COARSE = Math.log2(UNITS / 16);

export class Ghosts {
  #marks = new Uint16Array(1024);
  /** 0 for an empty cell. */
  #uses = new Uint8Array(1024);
  #stamps = new Uint8Array(1024);

  leave(hash: number, uses: number, stamp: number): void {
    const cell = this.#cellOf(hash);
    this.#marks[cell] = markOf(hash);
    this.#uses[cell] = uses;
    this.#stamps[cell] = stamp >> COARSE;
  }

  /** Leaves it where it is. */
  usesOf(hash: number): number | undefined {
    const cell = this.#cellOf(hash);
    const uses = this.#uses[cell] as number;
    return uses > 0 && this.#marks[cell] === markOf(hash) ? uses : undefined;
  }

  /** Removes it: its entry is back. */
  take(hash: number, clock: number): Ghost | undefined {
    const uses = this.usesOf(hash);
    if (uses === undefined) return undefined;
    const cell = this.#cellOf(hash);
    this.#uses[cell] = 0;
    const steps = (clock >> COARSE) - (this.#stamps[cell] as number);
    return { uses, age: (steps & 0xff) << COARSE };
  }

  /** Forgets all: their places follow from the number of cells, a power of two. */
  grow(cells: number): void {
    this.#marks = new Uint16Array(cells);
    this.#uses = new Uint8Array(cells);
    this.#stamps = new Uint8Array(cells);
  }

  #cellOf(hash: number): number {
    return hash & (this.#uses.length - 1);
  }
}

/** Of bits that do not choose the cell alone. */
function markOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 16;
}
