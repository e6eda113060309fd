/**
 * When memory may be used again: after every thread has left the epoch in which it could be seen.
 *
 * Each thread numbers its epochs by itself, in a cell that only it writes: odd while it reads, even
 * while it doesn't. What is retired is collected in a batch; the batch notes the odd numbers, and
 * has passed when none of them is there any more: a thread whose number has changed has left, and
 * what it reads now it has found since. (Fraser's epoch-based reclamation advances one number for
 * all, which every reader then has to load. These are the grace periods of RCU.)
 *
 * A thread is inside for some hundred nanoseconds, so a batch has nearly always passed when it is
 * looked at for the first time. It can take milliseconds when the system takes the CPU away from a
 * thread inside; what waits meanwhile is one segment or two. The writer never waits: it asks again.
 */

import { epochAt, THREADS } from './layout.ts';
import type { Views } from './views.ts';

export class Epochs {
  readonly #memory: Views;
  readonly #joined: Uint8Array;
  /** No slot from here on is in use. */
  #end = 0;
  /** Retired since the batch that waits was closed. */
  #retired: number[] = [];
  #waiting: number[] = [];
  /** The epochs that those in `#waiting` wait for the end of; 0 for none. */
  readonly #noted: Int32Array;

  constructor(memory: Views) {
    this.#memory = memory;
    this.#joined = new Uint8Array(THREADS);
    this.#noted = new Int32Array(THREADS);
  }

  /** A slot for a thread; `undefined` when all are taken. */
  join(): number | undefined {
    const slot = this.#joined.indexOf(0);
    if (slot === -1) return undefined;
    this.#joined[slot] = 1;
    this.#end = Math.max(this.#end, slot + 1);
    return slot;
  }

  /** The thread in this slot reads no more, wherever it was when it ended. */
  leave(slot: number): void {
    this.#joined[slot] = 0;
    const cell = epochAt(slot);
    this.#memory.publish(cell, (this.#memory.get(cell) + 1) & ~1);
    while (this.#end > 0 && this.#joined[this.#end - 1] === 0) this.#end--;
  }

  /** Something that no thread can find from now on. */
  retire(item: number): void {
    this.#retired.push(item);
  }

  get waiting(): number {
    return this.#retired.length + this.#waiting.length;
  }

  /** What no thread can see any more. */
  takePassed(): readonly number[] {
    if (this.waiting === 0 || !this.#hasPassed()) return [];
    const passed = this.#waiting;
    this.#waiting = this.#retired;
    this.#retired = [];
    if (this.#waiting.length === 0 || !this.#noteInside()) {
      passed.push(...this.#waiting);
      this.#waiting = [];
    }
    return passed;
  }

  #hasPassed(): boolean {
    const { words } = this.#memory;
    for (let slot = 0; slot < this.#end; slot++) {
      const noted = this.#noted[slot];
      if (noted !== 0 && noted === Atomics.load(words, epochAt(slot))) return false;
      this.#noted[slot] = 0;
    }
    return true;
  }

  /** True when any thread is inside. */
  #noteInside(): boolean {
    const { words } = this.#memory;
    let any = false;
    for (let slot = 0; slot < this.#end; slot++) {
      const epoch = Atomics.load(words, epochAt(slot));
      this.#noted[slot] = epoch & 1 ? epoch : 0;
      any ||= (epoch & 1) === 1;
    }
    return any;
  }
}
