/**
 * Least recently used: the victim is the entry whose last use is longest ago.
 *
 * The choice of `functools.lru_cache`, and a fair one where nothing is known of the access pattern.
 * A scan over more keys than fit flushes it; policies that resist scans (S3-FIFO, W-TinyLFU) fit
 * behind the same contract. A doubly linked list whose links lie in two arrays, at the place of the
 * handle: 8 bytes up to the highest handle, whichever are held.
 */

import type { EvictionPolicy } from './policy.ts';

const NONE = -1;

export class LeastRecentlyUsed implements EvictionPolicy {
  /** Towards the longest unused, and towards the last used. */
  #older = new Int32Array(1024);
  #newer = new Int32Array(1024);
  #oldest = NONE;
  #newest = NONE;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  declines(): boolean {
    return false;
  }

  add(handle: number): void {
    if (handle >= this.#older.length) this.#grow(handle);
    this.#older[handle] = this.#newest;
    this.#newer[handle] = NONE;
    if (this.#newest === NONE) this.#oldest = handle;
    else this.#newer[this.#newest] = handle;
    this.#newest = handle;
    this.#size++;
  }

  touch(handle: number): void {
    if (handle === this.#newest) return;
    this.remove(handle);
    this.add(handle);
  }

  remove(handle: number): void {
    const older = this.#older[handle] as number;
    const newer = this.#newer[handle] as number;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    this.#size--;
  }

  evict(handle: number): void {
    this.remove(handle);
  }

  victim(): number | undefined {
    return this.#oldest === NONE ? undefined : this.#oldest;
  }

  /** Copies 8 bytes a handle: a million of them take about a millisecond. */
  #grow(handle: number): void {
    const length = Math.max(handle + 1, this.#older.length * 2);
    this.#older = enlarged(this.#older, length);
    this.#newer = enlarged(this.#newer, length);
  }
}

function enlarged(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
